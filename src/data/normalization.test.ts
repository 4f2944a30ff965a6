import fc from "fast-check";
import { expect, test } from "vitest";
import { denormalize, type NormalizationMode, normalize, normalizer } from "./normalization.ts";
import { RunningStats } from "./running-stats.ts";

const stats = { mean: [1, 0], std: [2, 4], min: [-2, -1], max: [6, 3], q01: [-1, 0], q99: [3, 2], count: 9 };

test("by hand, in the three modes", () => {
  const values = Float32Array.of(5, -8, 1, 1);
  const rounded = (mode: NormalizationMode) =>
    [...normalize(values, normalizer(stats, mode))].map((value) => Number(value.toFixed(3)) + 0);
  expect(rounded("mean_std")).toEqual([2, -2, 0, 0.25]);
  expect(rounded("quantiles")).toEqual([2, -9, 0, 0]);
  expect(rounded("min_max")).toEqual([0.75, -4.5, -0.25, 0]);
});

test("the published formulas, with their small constants", () => {
  const constant = { mean: [0.5], std: [0], min: [0.5], max: [0.5], q01: [0.5], q99: [0.5] };
  const of = (mode: NormalizationMode, value: number) =>
    normalize(Float32Array.of(value), normalizer(constant, mode))[0]!;
  const off = 0.5 + 2 ** -20;
  expect(of("mean_std", 0.5)).toBe(0);
  expect(of("mean_std", off)).toBeCloseTo(2 ** -20 / 1e-6, 5);
  expect(of("quantiles", 0.5)).toBeCloseTo(-1, 5);
  expect(of("quantiles", off)).toBeCloseTo((2 ** -20 / 1e-6) * 2 - 1, 4);
  expect(of("min_max", 0.5)).toBeCloseTo(-1, 5);
});

test("denormalising gives the vectors back, and quantiles of the data lie at ±1", () => {
  const vectors = fc.array(
    fc.tuple(fc.float({ min: -100, max: 100, noNaN: true }), fc.float({ min: -1, max: 1, noNaN: true })),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(vectors, fc.constantFrom<NormalizationMode>("mean_std", "quantiles", "min_max"), (rows, mode) => {
      const values = Float32Array.from(rows.flat());
      const running = new RunningStats(2);
      running.add(values);
      const { center, scale } = normalizer(running.result(), mode);
      const normalized = normalize(values, { center, scale });
      for (const [at, value] of denormalize(normalized, { center, scale }).entries())
        expect(Math.abs(value - values[at]!)).toBeLessThan(
          1e-5 * (1 + Math.abs(center[at % 2]!) + Math.abs(values[at]!)),
        );
    }),
  );
});

test("missing measures and other widths are refused", () => {
  expect(() => normalizer({ mean: [0], std: [1] }, "quantiles")).toThrow(
    'statistics with "q01" for the mode quantiles, got mean, std',
  );
  expect(() => normalize(new Float32Array(3), { center: [0, 0], scale: [1, 1] })).toThrow("vectors of 2 numbers");
});
