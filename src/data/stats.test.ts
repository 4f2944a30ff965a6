import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readJsonLines } from "../system/index.ts";
import { allocate } from "./dtypes.ts";
import { openParquet, toColumn } from "./parquet-file.ts";
import { aggregate, columnStats, imageStats, parseFeatureStats, sampledFrames } from "./stats.ts";
import type { Column } from "./types.ts";

const golden = resolve(import.meta.dirname, "../../test/golden/stats");
const measures = ["min", "max", "mean", "std", "q01", "q10", "q50", "q90", "q99"] as const;

function expectClose(actual: readonly number[] | undefined, expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(Math.abs(actual![at]! - value)).toBeLessThanOrEqual(tolerance);
}

test("equal to numpy's", () => {
  const cases = JSON.parse(readFileSync(join(golden, "quantiles.json"), "utf8")) as {
    dtype: string;
    shape: number[];
    data: number[];
    stats: Record<(typeof measures)[number], number[]>;
  }[];
  for (const { dtype, shape, data, stats } of cases) {
    const values = allocate(dtype, data.length);
    for (const [at, value] of data.entries())
      if (values instanceof BigInt64Array) values[at] = BigInt(value);
      else (values as Float64Array)[at] = value;
    const found = columnStats({ dtype, shape: shape.slice(1), data: values }, shape[0]!);
    expect(found.count).toBe(shape[0]);
    for (const measure of measures) expectClose(found[measure], stats[measure], 1e-9);
  }
});

test("equal to the published statistics of two real episodes to 1e-5", async () => {
  const published = readJsonLines(join(golden, "published.jsonl")) as {
    stats: Record<string, Record<string, unknown>>;
  }[];
  for (const episode of [0, 1]) {
    const file = await openParquet(join(golden, `episode_00000${episode}.parquet`));
    for (const [name, value] of Object.entries(published[episode]!.stats)) {
      if (!file.columns.has(name)) continue;
      const expected = parseFeatureStats(value, name);
      const vector = name === "action" || name === "observation.state";
      const dtype = vector || name === "timestamp" ? "float32" : "int64";
      const column = toColumn(await file.values(name), { dtype, shape: [vector ? 26 : 1], names: null }, name);
      const found = columnStats(column, file.rows);
      expect(found.count).toBe(expected.count);
      for (const measure of ["min", "max", "mean", "std"] as const)
        expectClose(found[measure], expected[measure]!, 1e-5);
    }
    await file.close();
  }
});

test("aggregating episodes equals the statistics of all frames, quantiles aside", () => {
  const column = (values: number[]): Column => ({ dtype: "float64", shape: [1], data: Float64Array.from(values) });
  const episode = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(episode, { minLength: 1, maxLength: 5 }), (episodes) => {
      const parts = episodes.map((values) => new Map([["x", columnStats(column(values), values.length)]]));
      const whole = columnStats(column(episodes.flat()), episodes.flat().length);
      const found = aggregate(parts.map((stats) => ({ stats, frames: 0 }))).get("x")!;
      expect(found.count).toBe(whole.count);
      for (const measure of ["min", "max", "mean", "std"] as const) expectClose(found[measure], whole[measure]!, 1e-6);
      for (const q of ["q01", "q50"] as const)
        expect(found[q]).toEqual([Math.min(...parts.map((part) => part.get("x")![q]![0]!))]);
      expect(found.q99).toEqual([Math.max(...parts.map((part) => part.get("x")!.q99![0]!))]);
    }),
  );
});

test("pictures: one entry a channel in [0, 1]", () => {
  const data = Uint8Array.from([0, 255, 10, 0, 255, 20, 0, 255, 30, 255, 255, 40]);
  const stats = imageStats([{ width: 2, height: 2, data }]);
  expect(stats.count).toBe(1);
  expectClose(stats.min, [0, 1, 10 / 255], 1e-12);
  expectClose(stats.max, [1, 1, 40 / 255], 1e-12);
  expectClose(stats.mean, [0.25, 1, 25 / 255], 1e-12);
  expectClose(stats.std, [Math.sqrt(3) / 4, 0, Math.sqrt(125) / 255], 1e-12);
});

test("samples as many frames as LeRobot, first and last among them", () => {
  const counts = [1, 50, 100, 500, 1000, 2000, 20_000].map((length) => sampledFrames(length).length);
  expect(counts).toEqual([1, 50, 100, 105, 177, 299, 1681]);
  expect(sampledFrames(1000).at(-1)).toBe(999);
  expect(sampledFrames(3)).toEqual([0, 1, 2]);
});

test("NaN is refused", () => {
  expect(() => columnStats({ dtype: "float32", shape: [1], data: Float32Array.of(1, Number.NaN) }, 2)).toThrow(
    "finite",
  );
});
