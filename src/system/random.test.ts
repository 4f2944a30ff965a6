import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "./random.ts";

const draw = (count: number, next: () => number) => Array.from({ length: count }, next);

test("one seed, one stream; other seeds, other streams", () => {
  expect(draw(5, random(7).uniform)).toEqual(draw(5, random(7).uniform));
  expect(draw(5, random(7).uniform)).not.toEqual(draw(5, random(8).uniform));
  // Fixed for good: a change here changes every seeded run.
  const fixed = random("pistar");
  expect(draw(3, () => fixed.integer(1_000_000))).toEqual([700195, 765492, 565791]);
});

test("children do not move their parent and differ by name", () => {
  const parent = random(1);
  const children = Array.from({ length: 1000 }, (_, i) => parent.split(i).uniform());
  expect(parent.uniform()).toBe(random(1).uniform());
  expect(new Set(children).size).toBe(1000);
});

test("moments of uniform and normal, evenness of integers", () => {
  const generator = random(3);
  const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
  const uniform = draw(40_000, generator.uniform);
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);
  expect(mean(uniform)).toBeCloseTo(0.5, 2);
  const normal = draw(40_000, generator.normal);
  expect(mean(normal)).toBeCloseTo(0, 1);
  expect(mean(normal.map((x) => x * x))).toBeCloseTo(1, 1);
  expect(mean(normal.map((x) => x ** 4))).toBeCloseTo(3, 0);
  const counts = new Array<number>(5).fill(0);
  for (let i = 0; i < 50_000; i++) counts[generator.integer(5)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  expect(() => generator.integer(0)).toThrow("from 1 to 2^31, got 0");
});

test("a shuffle keeps every item", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = random(seed).shuffle(items);
      expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
    }),
  );
});
