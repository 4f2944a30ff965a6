import fc from "fast-check";
import { expect, test } from "vitest";
import { collectOptions, evaluateOptions } from "../rollout/index.ts";
import {
  autonomousSeed,
  choiceSeed,
  correctedSeed,
  demonstrationSeed,
  evaluationSeed,
  matchedSeed,
  maxIterations,
} from "./seeds.ts";

test("no two purposes of any two runs share a seed, with up to a million episodes each", () => {
  const run = fc.nat({ max: 1000 });
  const iteration = fc.integer({ min: 1, max: maxIterations });
  const purpose = fc.oneof(
    run.map((r) => ({ key: `evaluation ${r}`, first: evaluationSeed(r) })),
    run.map((r) => ({ key: `demonstrations ${r}`, first: demonstrationSeed(r) })),
    run.map((r) => ({ key: `matched ${r}`, first: matchedSeed(r) })),
    run.map((r) => ({ key: `choice ${r}`, first: choiceSeed(r) })),
    fc.tuple(run, iteration).map(([r, k]) => ({ key: `autonomous ${r} ${k}`, first: autonomousSeed(r, k) })),
    fc.tuple(run, iteration).map(([r, k]) => ({ key: `corrected ${r} ${k}`, first: correctedSeed(r, k) })),
  );
  fc.assert(
    fc.property(purpose, purpose, (a, b) => {
      if (a.key === b.key) expect(a.first).toBe(b.first);
      else expect(Math.abs(a.first - b.first)).toBeGreaterThanOrEqual(1_000_000);
      expect(Number.isSafeInteger(a.first)).toBe(true);
    }),
  );
});

test("by themselves pistar collect and pistar eval begin where a run's demonstrations and evaluation do", () => {
  expect(collectOptions.parse({ out: "data" }).seed).toBe(demonstrationSeed(0));
  expect(evaluateOptions.parse({ policy: "random" }).seed).toBe(evaluationSeed(0));
});
