import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunningStats } from "./running-stats.ts";

interface Golden {
  readonly width: number;
  readonly blocks: readonly number[][];
  readonly mean: number[];
  readonly std: number[];
  readonly min: number[];
  readonly max: number[];
  readonly q01: number[];
  readonly q99: number[];
}
const path = new URL("../../test/golden/running-stats/vectors.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;

test("moments equal numpy's; quantiles to two bins of the range", () => {
  const stats = new RunningStats(golden.width);
  for (const block of golden.blocks) stats.add(Float64Array.from(block));
  const result = stats.result();
  expect(result.count).toBe(golden.blocks.flat().length / golden.width);
  expect(result.min).toEqual(golden.min);
  expect(result.max).toEqual(golden.max);
  for (let at = 0; at < golden.width; at++) {
    expect(Math.abs(result.mean[at]! - golden.mean[at]!)).toBeLessThan(1e-9);
    expect(Math.abs(result.std[at]! - golden.std[at]!)).toBeLessThan(1e-9);
    const bin = (golden.max[at]! - golden.min[at]!) / 5000;
    expect(Math.abs(result.q01[at]! - golden.q01[at]!)).toBeLessThanOrEqual(2 * bin);
    expect(Math.abs(result.q99[at]! - golden.q99[at]!)).toBeLessThanOrEqual(2 * bin);
  }
});

test("however the vectors are cut into blocks, the statistics are the same", () => {
  const numbers = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 6 }), (blocks) => {
      const pieces = new RunningStats(1);
      for (const block of blocks) pieces.add(Float64Array.from(block));
      const whole = new RunningStats(1);
      whole.add(Float64Array.from(blocks.flat()));
      const [a, b] = [pieces.result(), whole.result()];
      expect([a.count, a.min, a.max]).toEqual([b.count, b.min, b.max]);
      expect(a.mean[0]).toBeCloseTo(b.mean[0]!, 9);
      expect(a.std[0]).toBeCloseTo(b.std[0]!, 9);
      expect(a.q01[0]).toBeGreaterThanOrEqual(a.min[0]!);
      expect(a.q99[0]).toBeLessThanOrEqual(a.max[0]!);
    }),
  );
});

test("a large offset does not cost the variance its digits", () => {
  const stats = new RunningStats(1);
  for (let block = 0; block < 50; block++) stats.add(Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3));
  expect(stats.result().std[0]).toBeCloseTo(Math.sqrt(2 / 3), 9);
});

test("integers are counted too; nothing is counted of a block with NaN", () => {
  const stats = new RunningStats(2);
  stats.add(BigInt64Array.of(1n, 2n, 3n, 4n));
  expect(() => stats.add(Float32Array.of(1, 2, 3, Number.NaN))).toThrow("got NaN in row 1, component 1");
  expect(() => stats.add(Float32Array.of(1))).toThrow("vectors of 2 numbers, got 1");
  expect(stats.result()).toMatchObject({ count: 2, mean: [2, 3], min: [1, 2], max: [3, 4] });
  expect(() => new RunningStats(1).result()).toThrow("at least one vector");
});
