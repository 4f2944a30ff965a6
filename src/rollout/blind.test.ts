import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { compareBlind, evidence } from "./blind.ts";
import { evaluateOptions } from "./options.ts";

test("evidence by hand: Krichevsky and Trofimov's predictor over fair coins", () => {
  expect(evidence(0, 0)).toBe(1);
  // 2 · ½, then 2 · (3/2)/2, then 2 · (5/2)/3.
  expect(evidence(1, 0)).toBeCloseTo(1, 12);
  expect(evidence(2, 0)).toBeCloseTo(1.5, 12);
  expect(evidence(3, 0)).toBeCloseTo(2.5, 12);
  expect(evidence(1, 1)).toBeCloseTo(0.5, 12);
  expect(evidence(0, 7)).toBeCloseTo(evidence(7, 0), 12);
  expect(evidence(6, 0)).toBeLessThan(20);
  expect(evidence(7, 0)).toBeGreaterThan(20);
});

test("equal policies are told apart in fewer than one of 20 comparisons, though one looks after each pair", () => {
  const generator = random(3);
  const comparisons = 500;
  let decided = 0;
  for (let i = 0; i < comparisons; i++) {
    const counts: [number, number] = [0, 0];
    for (let pair = 0; pair < 100; pair++) {
      counts[generator.uniform() < 0.5 ? 0 : 1]++;
      if (evidence(...counts) >= 20) {
        decided++;
        break;
      }
    }
  }
  expect(decided / comparisons).toBeLessThan(0.05);
});

test("a comparison on the one arm: both policies do every episode, and a result is there after each pair", async () => {
  const stations = new URL("../../test/robot/emulated.json", import.meta.url).href;
  const seen: number[] = [];
  const options = evaluateOptions.parse({ policy: "demonstrator", episodes: 2, seed: 1 });
  const {
    evaluation,
    baseline,
    evidence: value,
    decided,
  } = await compareBlind({
    ...options,
    ...{ stations, against: "still" },
    onPair: ({ baseline: { runs } }) => seen.push(runs.length),
  });
  expect(evaluation.runs.map(({ success, seed }) => [seed, success])).toEqual([
    [1, true],
    [2, true],
  ]);
  expect(baseline.runs.map(({ success, seed }) => [seed, success])).toEqual([
    [1, false],
    [2, false],
  ]);
  expect([seen, value, decided]).toEqual([[1, 2], 1.5, false]);
});
