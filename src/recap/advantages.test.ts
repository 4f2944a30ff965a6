import fc from "fast-check";
import { expect, test } from "vitest";
import { advantages } from "./advantages.ts";
import { returns } from "./returns.ts";

const step = fc.record({
  reward: fc.double({ min: -1, max: 0, noNaN: true }),
  value: fc.double({ min: -1, max: 0, noNaN: true }),
});
const episode = fc.array(step, { minLength: 1, maxLength: 40 }).map((steps) => ({
  rewards: Float64Array.from(steps, ({ reward }) => reward),
  values: Float64Array.from(steps, ({ value }) => value),
}));

test("by hand: two steps ahead, and to the end where fewer are left", () => {
  const rewards = Float64Array.of(-0.25, -0.25, -0.25, 0);
  const values = Float64Array.of(-0.75, -0.625, -0.125, 0);
  // −0.25 −0.25 −0.125 + 0.75; −0.25 −0.25 + 0 + 0.625; −0.25 + 0 + 0.125; 0 − 0
  expect([...advantages(rewards, values, 2)]).toEqual([0.125, 0.125, -0.125, 0]);
  expect([...advantages(rewards, values, 4)]).toEqual([0, 0.125, -0.125, 0]);
});

test("N at or beyond the end equals the Monte-Carlo return minus the value", () => {
  fc.assert(
    fc.property(episode, fc.nat(10), ({ rewards, values }, beyond) => {
      const expected = returns(rewards).map((sum, t) => sum - values[t]!);
      expect(advantages(rewards, values, rewards.length + beyond)).toEqual(expected);
      expect(advantages(rewards, values, Infinity)).toEqual(expected);
    }),
  );
});

test("any N is the sum of the formula, and a value function that knows the return leaves nothing", () => {
  fc.assert(
    fc.property(episode, fc.integer({ min: 1, max: 50 }), ({ rewards, values }, steps) => {
      const length = rewards.length;
      for (const [t, advantage] of advantages(rewards, values, steps).entries()) {
        let sum = -values[t]!;
        for (let at = t; at < Math.min(t + steps, length); at++) sum += rewards[at]!;
        if (t + steps < length) sum += values[t + steps]!;
        expect(advantage).toBeCloseTo(sum, 10);
      }
      for (const advantage of advantages(rewards, returns(rewards), steps)) expect(advantage).toBeCloseTo(0, 10);
    }),
  );
});

test("one-step advantages sum to the return minus the first value", () => {
  fc.assert(
    fc.property(episode, ({ rewards, values }) => {
      const sum = advantages(rewards, values, 1).reduce((total, advantage) => total + advantage);
      expect(sum).toBeCloseTo(returns(rewards)[0]! - values[0]!, 10);
    }),
  );
});

test("other lengths, NaN and no steps are refused", () => {
  const two = Float64Array.of(0, 0);
  expect(() => advantages(two, Float64Array.of(0), 1)).toThrow("each of 2 rewards, got 1 values");
  expect(() => advantages(two, Float64Array.of(0, Number.NaN), 5)).toThrow("NaN at step 1");
  expect(() => advantages(two, two, 0)).toThrow("got 0");
  expect(() => advantages(two, two, 1.5)).toThrow("got 1.5");
});
