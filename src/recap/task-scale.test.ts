import fc from "fast-check";
import { expect, test } from "vitest";
import { returns } from "./returns.ts";
import { rewards } from "./rewards.ts";
import { normalizedReturns, normalizedRewards, taskScale, taskScales } from "./task-scale.ts";
import { hardTargets, twoHotTargets } from "./value-bins.ts";

test("by hand: the longest episode of 199 steps makes one unit of value 200 steps", () => {
  const scale = taskScale(199);
  expect(scale.stepsPerUnit).toBe(200);
  expect(scale.failureCost).toBe(200);
  const success = normalizedReturns(returns(rewards(199, true, scale.failureCost)), true, scale);
  expect([success[0], success[99], success[198]]).toEqual([-0.99, -0.495, 0]);
  const failure = normalizedReturns(returns(rewards(50, false, scale.failureCost)), false, scale);
  expect(failure.every((value) => value === -1)).toBe(true);
  expect(normalizedRewards(Float64Array.of(-1, -200), scale)).toEqual(Float64Array.of(-0.005, -1));
});

test("each task has its own scale, set by its own longest episode", () => {
  const scales = taskScales([3, 5, 3], [199, 398, 100]);
  expect(scales.get(3)!.stepsPerUnit).toBe(200);
  expect(scales.get(5)!.stepsPerUnit).toBe(400);
});

test("successes use the range: they are not squeezed by the cost of failures", () => {
  for (const failureCost of [600, 5000]) {
    const scale = taskScale(500, { failureCost });
    const slowest = normalizedReturns(returns(rewards(500, true, failureCost)), true, scale);
    expect(slowest[0]).toBeLessThan(-0.99);
  }
});

test("failures and successes never share a bin", () => {
  const episode = fc.record({
    length: fc.integer({ min: 1, max: 3000 }),
    excess: fc.double({ min: 0, max: 5, noNaN: true }),
  });
  fc.assert(
    fc.property(episode, episode, fc.integer({ min: 3, max: 300 }), (slow, failed, bins) => {
      const maxLength = Math.max(slow.length, failed.length);
      const { stepsPerUnit } = taskScale(maxLength, { bins });
      const scale = taskScale(maxLength, { bins, failureCost: stepsPerUnit * (1 + failed.excess) });
      const success = normalizedReturns(returns(rewards(slow.length, true, scale.failureCost)), true, scale);
      const failure = normalizedReturns(returns(rewards(failed.length, false, scale.failureCost)), false, scale);
      expect(Math.min(...hardTargets(success, bins))).toBeGreaterThan(0);
      expect(Math.max(...hardTargets(failure, bins))).toBe(0);
      const weights = twoHotTargets(success.subarray(0, 1), bins);
      expect(weights[0]).toBeLessThan(1e-9);
      expect([...twoHotTargets(failure.subarray(-1), bins).subarray(0, 2)]).toEqual([1, 0]);
    }),
  );
});

test("a success longer than the scale's longest stays out of the failures' bin", () => {
  const scale = taskScale(100);
  const values = normalizedReturns(returns(rewards(1000, true, scale.failureCost)), true, scale);
  expect(Math.min(...hardTargets(values))).toBe(1);
});

test("a failure too cheap to be told from a slow success is refused", () => {
  expect(() => taskScale(199, { failureCost: 199 })).toThrow("at least 200.00 steps (longest episode 199), got 199");
  expect(() => taskScale(0)).toThrow("got 0");
  expect(() => normalizedReturns(Float64Array.of(-1, Number.NaN), true, taskScale(9))).toThrow("NaN at step 1");
});
