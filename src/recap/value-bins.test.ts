import fc from "fast-check";
import { expect, test } from "vitest";
import { binValues, expectedValues, hardTargets, twoHotTargets } from "./value-bins.ts";

const normalized = fc.double({ min: -1, max: 0, noNaN: true });

test("201 values from -1 to 0, evenly spaced", () => {
  const values = binValues();
  expect(values).toHaveLength(201);
  expect([values[0], values[1], values[100], values[200]]).toEqual([-1, -0.995, -0.5, 0]);
});

test("by hand, with 5 bins at -1, -0.75, -0.5, -0.25, 0", () => {
  const values = Float64Array.of(-1, -0.9, -0.5, -0.2, 0);
  expect([...hardTargets(values, 5)]).toEqual([0, 0, 2, 3, 4]);
  const rows = twoHotTargets(values, 5);
  const expected = [1, 0, 0, 0, 0, 0.6, 0.4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.8, 0.2, 0, 0, 0, 0, 1];
  for (const [at, weight] of expected.entries()) expect(rows[at]).toBeCloseTo(weight, 6);
});

test("values beyond either end go to that end", () => {
  const beyond = Float64Array.of(-7, -1.0001, 0.0001, 3);
  expect([...hardTargets(beyond)]).toEqual([0, 0, 200, 200]);
  expect([...expectedValues(twoHotTargets(beyond))]).toEqual([-1, -1, 0, 0]);
});

test("the two-hot projection is a distribution and preserves the expectation", () => {
  fc.assert(
    fc.property(fc.array(normalized, { minLength: 1 }), fc.integer({ min: 3, max: 300 }), (numbers, bins) => {
      const values = Float64Array.from(numbers);
      const targets = twoHotTargets(values, bins);
      const back = expectedValues(targets, bins);
      for (const [row, value] of values.entries()) {
        const weights = targets.subarray(row * bins, (row + 1) * bins);
        expect(weights.every((weight) => weight >= 0)).toBe(true);
        expect(weights.filter((weight) => weight > 0).length).toBeLessThanOrEqual(2);
        expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 6);
        expect(Math.abs(back[row]! - value)).toBeLessThan(1e-7);
      }
    }),
  );
});

test("the hard projection is off by half a bin at most, and keeps order", () => {
  fc.assert(
    fc.property(normalized, normalized, (a, b) => {
      const classes = hardTargets(Float64Array.of(Math.min(a, b), Math.max(a, b)));
      expect(classes[0]).toBeLessThanOrEqual(classes[1]!);
      for (const [at, value] of [Math.min(a, b), Math.max(a, b)].entries())
        expect(Math.abs(binValues()[classes[at]!]! - value)).toBeLessThanOrEqual(0.0025 + 1e-12);
    }),
  );
});

test("every bin's own value is its own class, with all the weight", () => {
  const values = binValues();
  expect([...hardTargets(values)]).toEqual(Array.from(values.keys()));
  const targets = twoHotTargets(values);
  for (let bin = 0; bin < 201; bin++) expect(targets[bin * 201 + bin]).toBeCloseTo(1, 10);
});

test("NaN, too few bins and rows of another width are refused", () => {
  expect(() => hardTargets(Float64Array.of(-0.5, Number.NaN))).toThrow("NaN at position 1");
  expect(() => twoHotTargets(Float64Array.of(Number.NaN))).toThrow("NaN at position 0");
  expect(() => binValues(2)).toThrow("at least 3 bins, got 2");
  expect(() => expectedValues(new Float32Array(200))).toThrow("rows of 201");
});
