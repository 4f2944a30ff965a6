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
  expect(total.throughput.high).toBeLessThan(3600 / 30); // all successes
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
  expect(found.throughputRatio!.low).toBeLessThan(1); // five episodes do not show it
  // 1 failure against 3.
  expect(found.failureRatio!.value).toBeCloseTo(1 / 3, 12);
  expect(found.failureRatio!.high).toBeGreaterThan(1);
  expect(compare(ours, theirs, 7)).toEqual(found);
  const same = compare(ours, ours, 7);
  expect(same.throughputRatio!.value).toBe(1);
  expect(same.throughputRatio!.low).toBeLessThan(0.9);
  expect(same.throughputRatio!.high).toBeGreaterThan(1.1);
});

test("a ratio to nothing is not estimable; without common seeds there is no comparison", () => {
  const [always, never] = [evaluation("always", [true, true]), evaluation("never", [false, false])];
  for (const policy of [always, never]) {
    expect(compare(policy, never, 0).throughputRatio).toBe(null);
    expect(compare(policy, always, 0).failureRatio).toBe(null);
  }
  expect(compare(always, never, 0).failureRatio).toMatchObject({ value: 0, low: 0 });
  expect(() => compare(always, evaluation("others", [true], 9), 0)).toThrow("always and others");
});
