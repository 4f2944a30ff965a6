import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { compare, type Evaluation, score } from "./evaluate.ts";

/** Episodes of 20 s (successes) and 30 s (failures) from seed 0 on. */
function evaluation(policy: string, successes: readonly boolean[], first = 0): Evaluation {
  const runs = successes.map((success, i) => ({
    task: "cube-in-bowl",
    difficulty: 0,
    randomise: false,
    seed: first + i,
    success,
    seconds: success ? 20 : 30,
    troubles: [],
  }));
  const total = score(runs, 10, random(0));
  return { policy, resetSeconds: 10, total, byTask: { "cube-in-bowl": total }, runs, lost: [] };
}

test("a score counts resets as robot time", () => {
  const { total } = evaluation("ours", [true, false, true, true]);
  expect(total).toMatchObject({ episodes: 4, successes: 3, timesToSuccess: [20, 20, 20], medianTimeToSuccess: 20 });
  expect(total.successRate.value).toBe(0.75);
  expect(total.throughput.value).toBeCloseTo((3600 * 3) / (3 * 30 + 40), 12);
  expect(total.throughput.low).toBeLessThan(total.throughput.value);
  expect(total.throughput.high).toBeCloseTo(3600 / 30, 12); // all successes
  expect(evaluation("never", [false]).total.medianTimeToSuccess).toBe(null);
});

test("two policies are compared on the seeds that both have", () => {
  const ours = evaluation("ours", [true, true, true, false, true, true]);
  const theirs = evaluation("theirs", [false, true, false, true, false, false], 1);
  // Seeds 1 to 5: ours 1 1 0 1 1, theirs 0 1 0 1 0.
  const found = compare(ours, theirs, 7);
  expect(found).toMatchObject({ episodes: 5, onlyPolicy: 2, onlyBaseline: 0, p: 0.5 });
  expect(found.successDifference.value).toBeCloseTo(0.4, 12);
  // 4 successes in 4·30 + 40 s against 2 in 2·30 + 3·40 s.
  expect(found.throughputRatio!.value).toBeCloseTo(4 / 160 / (2 / 180), 12);
  expect(found.throughputRatio!.low).toBeGreaterThanOrEqual(1);
  // 1 failure against 3.
  expect(found.failureRatio!.value).toBeCloseTo(1 / 3, 12);
  expect(found.failureRatio!.high).toBeLessThanOrEqual(1);
  expect(compare(ours, theirs, 7)).toEqual(found);
  expect(compare(ours, ours, 7).throughputRatio).toEqual({ value: 1, low: 1, high: 1 });
});

test("against a baseline that never succeeds, or never fails, there is no ratio; without common seeds no comparison", () => {
  const ours = evaluation("ours", [true, true]);
  expect(compare(ours, evaluation("never", [false, false]), 0).throughputRatio).toBe(null);
  expect(compare(evaluation("never", [false, false]), ours, 0).failureRatio).toBe(null);
  expect(() => compare(ours, evaluation("others", [true], 9), 0)).toThrow("ours and others");
});
