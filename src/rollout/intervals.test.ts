import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { pairedDifference, pairedRatio, throughputInterval, throughputRatio } from "./intervals.ts";
import type { Estimate } from "./statistics.ts";

test("Newcombe's interval of a paired difference, as published", () => {
  // Newcombe 1998, table III: 36, 12, 2, 0 has 0.2000 (0.0569 to 0.3404) by method 10.
  const { value, low, high } = pairedDifference({ both: 36, onlyFirst: 12, onlySecond: 2, neither: 0 });
  expect(value).toBeCloseTo(0.2, 12);
  expect(low).toBeCloseTo(0.0569, 4);
  expect(high).toBeCloseTo(0.3404, 4);
});

test("nothing seen is no certainty", () => {
  // 0 of 6 against 0 of 6: Wilson's upper end is z² / (6 + z²) = 0.3903 for both.
  const { value, low, high } = pairedDifference({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 6 });
  expect(value).toBe(0);
  expect(low).toBeCloseTo(-0.3903, 4);
  expect(high).toBeCloseTo(0.3903, 4);
  expect(pairedRatio({ both: 0, onlyFirst: 0, onlySecond: 0 })).toBe(null);
  const failed = { success: false, seconds: 30 };
  expect(throughputRatio([[failed, failed]], random(0))).toBe(null);
  const none = throughputInterval([failed, failed, failed], random(0));
  expect(none.value).toBe(0);
  expect(none.low).toBeGreaterThanOrEqual(0);
  expect(none.high).toBeGreaterThan(20);
});

test("Bonett and Price's interval of a paired ratio, worked by hand", () => {
  // 1 under both, 1 and 7 under one alone: first 2, second 8, n 9. A = √(10 / 27), B = √((1 − 3/11) / 3), C = √((1 − 9/11) / 9),
  // z = 1.95996 · A / (B + C) = 1.88083, the bounds of 2 of 9 and 8 of 9 to that z, and their quotients.
  const ratio = pairedRatio({ both: 1, onlyFirst: 1, onlySecond: 7 })!;
  const z = (1.959964 * Math.sqrt(10 / 27)) / (Math.sqrt(8 / 33) + Math.sqrt(2 / 99));
  const bound = (count: number, sign: number) =>
    (2 * count + z * z + sign * z * Math.sqrt(z * z + 4 * count * (1 - count / 9))) / (2 * (9 + z * z));
  expect(ratio.value).toBe(0.25);
  expect(ratio.low).toBeCloseTo(bound(2, -1) / bound(8, 1), 6);
  expect(ratio.high).toBeCloseTo(bound(2, 1) / bound(8, -1), 6);
  expect(ratio.high).toBeLessThan(1);
  expect(pairedRatio({ both: 0, onlyFirst: 5, onlySecond: 0 })).toBe(null);
  expect(pairedRatio({ both: 0, onlyFirst: 0, onlySecond: 5 })).toMatchObject({ value: 0, low: 0 });
});

/** 95 % intervals that hold the truth in fewer than this share of simulations do not keep their promise, chance allowed for. */
const leastCoverage = 0.9;

test.each([
  [6, 0.02, 0.02],
  [6, 0.98, 0.9],
  [6, 0.3, 0.8],
  [20, 0.02, 0.1],
  [20, 0.98, 0.98],
  [60, 0.5, 0.5],
])("coverage over %i episodes with rates %d and %d", (n, p, q) => {
  const generator = random(`coverage ${n} ${p} ${q}`);
  const attempt = (success: boolean) => ({ success, seconds: success ? 15 + 5 * generator.uniform() : 30 });
  const mean = (rate: number) => (3600 * rate) / (rate * 17.5 + (1 - rate) * 30);
  const held = new Map<string, number[]>();
  const note = (name: string, estimate: Estimate | null, truth: number) => {
    // "Not estimable" excludes nothing, so it is never wrong.
    const holds = estimate === null || (estimate.low <= truth && truth <= estimate.high);
    held.set(name, [...(held.get(name) ?? []), Number(holds)]);
  };
  for (let simulation = 0; simulation < 120; simulation++) {
    const pairs = Array.from({ length: n }, () => {
      const [one, other] = [generator.uniform(), generator.uniform()];
      // Some scenes are hard for both.
      return [attempt(one < p), attempt((generator.uniform() < 0.5 ? one : other) < q)] as const;
    });
    const count = (first: boolean, second: boolean) =>
      pairs.filter(([ours, theirs]) => ours.success === first && theirs.success === second).length;
    const [both, onlyFirst, onlySecond, neither] = [
      count(true, true),
      count(true, false),
      count(false, true),
      count(false, false),
    ];
    note("difference", pairedDifference({ both, onlyFirst, onlySecond, neither }), p - q);
    note("failures", pairedRatio({ both: neither, onlyFirst: onlySecond, onlySecond: onlyFirst }), (1 - p) / (1 - q));
    note(
      "throughput",
      throughputInterval(
        pairs.map(([ours]) => ours),
        generator,
      ),
      mean(p),
    );
    note("throughputs", throughputRatio(pairs, generator), mean(p) / mean(q));
  }
  for (const [name, hits] of held)
    expect(hits.reduce((a, b) => a + b) / hits.length, name).toBeGreaterThanOrEqual(leastCoverage);
});
