import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import {
  type Halves,
  overEpisodes,
  positiveTruths,
  reliability,
  signAgreement,
  trueVariance,
  truthCorrelation,
  truthError,
  whole,
} from "./split-halves.ts";

const r = random(3);
const many = 40_000;

/** Truths with standard deviation 1, halves with noise of 2, and estimates truth + bias + noise of 0.5. */
const truths = Array.from({ length: many }, () => r.normal());
const halves = truths.map((truth): Halves => [truth + 2 * r.normal(), truth + 2 * r.normal()]);
const estimates = truths.map((truth) => truth + 0.3 + 0.5 * r.normal());

test("noise of the measurement adds nothing to an error and takes nothing from a correlation", () => {
  expect(trueVariance(halves)).toBeCloseTo(1, 1);
  // 1 / √(1 + 0.25).
  expect(truthCorrelation(estimates, halves)).toBeCloseTo(0.894, 1);
  // √(0.3² + 0.5²).
  expect(truthError(estimates, halves)).toBeCloseTo(0.583, 1);
  // 1 of 1 + 2² / 2.
  expect(reliability(halves)).toBeCloseTo(1 / 3, 1);
  // Without the correction the noise counts: √(0.34 + 2), and a correlation of 0.516.
  const measured = halves.map(whole).map((x): Halves => [x, x]);
  expect(truthError(estimates, measured)).toBeGreaterThan(1.4);
  expect(truthCorrelation(estimates, measured)).toBeLessThan(0.55);
});

test("signs that noise turns are taken into account", () => {
  const noisy = (sign: number): Halves => [0, 1].map(() => (r.uniform() < 0.2 ? -sign : sign)) as [number, number];
  const signs = Array.from({ length: many }, () => (r.uniform() < 0.3 ? 1 : -1));
  const measured = signs.map(noisy);
  expect(positiveTruths(measured)).toBeCloseTo(0.3, 1);
  const guesses = signs.map((sign) => (r.uniform() < 0.9 ? sign : -sign));
  expect(signAgreement(guesses, measured)).toBeCloseTo(0.9, 1);
});

test("by hand: two moments, each half right", () => {
  const measured: Halves[] = [
    [-1, -0.5],
    [0, -0.5],
  ];
  // Means −0.5 and −0.5, so Σ (−0.5 · 0 + 0.5 · 0) / 2.
  expect(trueVariance(measured)).toBe(0);
  // (0.5 · 0 + −0.5 · 0) / 2.
  expect(truthError([-0.5, -0.5], measured)).toBe(0);
  expect(truthCorrelation([-1, 0], measured)).toBeNaN();
});

test("an interval over episodes counts an episode once, however many moments it has", () => {
  const mean = (rows: readonly number[]) => rows.reduce((sum, x) => sum + x, 0) / rows.length;
  const episodes = Array.from({ length: 25 }, () => r.normal());
  const wide = overEpisodes(
    episodes.map((x) => new Array<number>(40).fill(x)),
    mean,
    random(0),
  );
  const single = overEpisodes(
    episodes.map((x) => [x]),
    mean,
    random(0),
  );
  expect(wide.value).toBeCloseTo(single.value, 10);
  expect(wide.high - wide.low).toBeCloseTo(single.high - single.low, 10);
  // 2 · 1.96 / √25.
  expect(wide.high - wide.low).toBeGreaterThan(0.5);
});
