import { expect, test } from "vitest";
import {
  duration,
  estimate,
  list,
  number,
  percent,
  points,
  pointsEstimate,
  probability,
  ratioEstimate,
} from "./format.ts";

const spaced = (text: string) => text.replaceAll("\u00a0", " ");

test("no space within a number and its unit breaks", () => {
  const texts = [percent(0.46), duration(187), estimate({ value: 1, low: 0, high: 2 })];
  for (const text of texts) expect(text).not.toContain(" ");
});

test("shares and differences", () => {
  expect([0, 0.46, 0.996, 0.004, 1].map((share) => spaced(percent(share)))).toEqual([
    "0 %",
    "46 %",
    "99.6 %",
    "0.4 %",
    "100 %",
  ]);
  expect([0.32, -0.03, 0, 9e-18, 0.004, -0.0004].map(points)).toEqual(["+32", "−3", "0", "0", "+0.4", "−0.04"]);
});

test("a difference and its interval", () => {
  expect(spaced(pointsEstimate({ value: 0.32, low: -0.004, high: 0.45 }))).toBe("+32 (−0.4 … +45)");
});

test("a ratio shows on which side of 1 it is", () => {
  expect(spaced(ratioEstimate({ value: 2.1, low: 1.01, high: 12.3 }))).toBe("×2.1 (1.01 … 12)");
  expect(spaced(ratioEstimate({ value: 0.46, low: 0.349, high: 0.51 }))).toBe("×0.46 (0.35 … 0.51)");
});

test("an estimate's numbers have the same decimals", () => {
  expect(spaced(estimate({ value: 88.9, low: 73.8, high: 106.2 }))).toBe("89 (74 … 106)");
  expect(spaced(estimate({ value: 0, low: 0, high: 0 }))).toBe("0 (0 … 0)");
});

test("durations", () => {
  expect([0.42, 48.3, 59.7, 185, 7621].map((length) => spaced(duration(length)))).toEqual([
    "0.4 s",
    "48 s",
    "1 min 00 s",
    "3 min 05 s",
    "2 h 07 min",
  ]);
});

test("numbers and p-values", () => {
  expect([0.012345, -0.5, 48210, 2.3456].map(number)).toEqual(["0.0123", "−0.5", "48,210", "2.35"]);
  expect([0.0004, 0.0121, 0.374].map((p) => spaced(probability(p)))).toEqual(["< 0.001", "0.012", "0.37"]);
});

test("what is not finite is a dash", () => {
  expect([percent(Number.NaN), points(null), number(Infinity), duration(undefined), probability(null)]).toEqual([
    "–",
    "–",
    "–",
    "–",
    "–",
  ]);
  expect(spaced(estimate({ value: 3, low: 1, high: Infinity }))).toBe("3.00 (1.00 … –)");
});

test("lists", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(list)).toEqual(["", "a", "a and b", "a, b and c"]);
});
