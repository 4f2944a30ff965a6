import fc from "fast-check";
import { expect, test } from "vitest";
import { advantageIndicators } from "./advantage-indicator.ts";
import { taskThresholds, threshold } from "./thresholds.ts";

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const advantage = fc.double({ min: -1, max: 1, noNaN: true });
const sameTask = (length: number) => new Uint8Array(length);

function positives(advantages: Float64Array, epsilon: number): number {
  return advantages.filter((value) => value > epsilon).length;
}

test("by hand: 30 % of ten advantages are the best three", () => {
  const advantages = Float64Array.of(5, 1, 9, 3, 7, 2, 8, 4, 10, 6);
  expect(threshold(advantages, 0.3)).toBe(7);
  expect(threshold(advantages, 0)).toBe(10);
  expect(threshold(advantages, 0.99)).toBe(1);
  expect(threshold(advantages, 1)).toBe(-Infinity);
  const hundred = Float64Array.from({ length: 100 }, (_, at) => at);
  expect(positives(hundred, threshold(hundred, 0.29))).toBe(29);
});

test("any distinct advantages give the asked share, rounded down to whole steps", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(advantage, { minLength: 1, comparator: (a, b) => a === b }),
      share,
      (numbers, fraction) => {
        const advantages = Float64Array.from(numbers);
        const count = positives(advantages, threshold(advantages, fraction));
        expect(Math.abs(count - fraction * numbers.length)).toBeLessThan(1);
        expect(count).toBeLessThanOrEqual(fraction * numbers.length + 1e-9);
      },
    ),
  );
});

test("with ties there are fewer, by the ties at the threshold only", () => {
  const coarse = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1 });
  fc.assert(
    fc.property(coarse, share, (numbers, fraction) => {
      const advantages = Float64Array.from(numbers);
      const epsilon = threshold(advantages, fraction);
      const count = positives(advantages, epsilon);
      const ties = advantages.filter((value) => value === epsilon).length;
      expect(count).toBeLessThanOrEqual(fraction * numbers.length + 1e-9);
      expect(count + ties).toBeGreaterThan(fraction * numbers.length - 1);
    }),
  );
});

test("a constant advantage labels nothing positive", () => {
  fc.assert(
    fc.property(advantage, fc.integer({ min: 1, max: 50 }), share, (value, length, fraction) => {
      const advantages = new Float64Array(length).fill(value);
      const thresholds = taskThresholds(advantages, sameTask(length), fraction);
      expect(advantageIndicators(advantages, sameTask(length), thresholds).every((label) => label === 0)).toBe(true);
    }),
  );
});

test("tasks are thresholded apart, each by its own share", () => {
  const advantages = Float32Array.of(1, 2, 3, 4, 100, 200, 300, 400);
  const tasks = [0, 0, 0, 0, 7, 7, 7, 7];
  const thresholds = taskThresholds(
    advantages,
    tasks,
    new Map([
      [0, 0.25],
      [7, 0.5],
    ]),
  );
  expect([...advantageIndicators(advantages, tasks, thresholds)]).toEqual([0, 0, 0, 1, 0, 0, 1, 1]);
  expect([...taskThresholds(advantages, tasks, 0.5)]).toEqual([
    [0, 2],
    [7, 200],
  ]);
});

test("forced steps are positive whatever their advantage, the others as before", () => {
  const labels = advantageIndicators(
    Float64Array.of(-9, 0.5, 0.1, -9),
    sameTask(4),
    new Map([[0, 0.1]]),
    Uint8Array.of(1, 0, 0, 0),
  );
  expect([...labels]).toEqual([1, 1, 0, 0]);
});

test("what cannot be labelled is refused", () => {
  const one = Float64Array.of(1);
  expect(() => threshold(one, 1.5)).toThrow("from 0 to 1, got 1.5");
  expect(() => threshold(new Float64Array(0), 0.3)).toThrow("at least one advantage");
  expect(() => threshold(Float64Array.of(1, Number.NaN), 0.3)).toThrow("NaN at position 1");
  expect(() => taskThresholds(one, [4], new Map([[0, 0.3]]))).toThrow("positive fraction for task 4");
  expect(() => advantageIndicators(one, [4], new Map([[0, 0.3]]))).toThrow("threshold for task 4");
  expect(() => advantageIndicators(one, [0, 0], new Map([[0, 0.3]]))).toThrow("got 2 tasks");
});
