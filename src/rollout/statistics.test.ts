import fc from "fast-check";
import { expect, test } from "vitest";
import { mcnemar, meanInterval, quantile, wilson } from "./statistics.ts";

test("Wilson's interval, worked by hand", () => {
  // 8 of 10: (0.8 + z²/20 ± z √(0.016 + z²/400)) / (1 + z²/10) with z² = 3.841459
  const { value, low, high } = wilson(8, 10);
  expect(value).toBe(0.8);
  expect(low).toBeCloseTo(0.490162, 5);
  expect(high).toBeCloseTo(0.943318, 5);
  // None of n: from 0 to z² / (n + z²); all of n: the mirror image.
  expect(wilson(0, 10).low).toBeCloseTo(0, 12);
  expect(wilson(0, 10).high).toBeCloseTo(3.841459 / 13.841459, 6);
  expect(wilson(10, 10).low).toBeCloseTo(10 / 13.841459, 6);
  expect(() => wilson(3, 2)).toThrow("3 in 2");
});

test("Wilson's interval holds its value, lies within 0 and 1, and is symmetric", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (trials, drawn) => {
      const successes = drawn % (trials + 1);
      const [one, other] = [wilson(successes, trials), wilson(trials - successes, trials)];
      expect(one.low).toBeGreaterThanOrEqual(0);
      expect(one.low).toBeLessThanOrEqual(one.value + 1e-12);
      expect(one.high).toBeGreaterThanOrEqual(one.value - 1e-12);
      expect(one.high).toBeCloseTo(1 - other.low, 12);
    }),
  );
});

test("a quantile lies between its neighbours", () => {
  expect(quantile([1, 2, 4], 0.75)).toBe(3);
  expect(quantile([], 0.5)).toBeNaN();
});

test("McNemar's exact p, worked by hand", () => {
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(5, 0)).toBeCloseTo(2 / 32, 12);
  expect(mcnemar(1, 8)).toBeCloseTo((2 * (1 + 9)) / 512, 12);
  expect(mcnemar(8, 1)).toBe(mcnemar(1, 8));
  expect(mcnemar(2, 2)).toBe(1); // 2 · 11/16 is cut off at 1
  // 2 Σ C(1300, k) / 2¹³⁰⁰ for k ≤ 600 in exact fractions: 2⁻¹³⁰⁰ itself is no double.
  expect(mcnemar(600, 700)).toBeCloseTo(0.0060157938610449525, 12);
});

test("Student's interval by hand", () => {
  // Mean 4, variance 4: half = 4.303 · √(4 / 3).
  const { value, low, high } = meanInterval([2, 4, 6]);
  expect(value).toBe(4);
  expect(high - value).toBeCloseTo(4.9687, 3);
  expect(value - low).toBeCloseTo(4.9687, 3);
  // 21 values, t of 20 degrees of freedom 2.0860: 0 … 20 have mean 10 and variance 38.5.
  const many = meanInterval(Array.from({ length: 21 }, (_, i) => i));
  expect(many.high - 10).toBeCloseTo(2.086 * Math.sqrt(38.5 / 21), 3);
  // 12 values, t of 11 degrees of freedom 2.2010: 0 … 11 have variance 13.
  const twelve = meanInterval(Array.from({ length: 12 }, (_, i) => i));
  expect((twelve.high - 5.5) / Math.sqrt(13 / 12)).toBeCloseTo(2.201, 3);
  expect(() => meanInterval([1])).toThrow("got 1");
});
