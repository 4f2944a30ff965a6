import { expect, test } from "vitest";
import type { TrainingEpisode } from "./training-data.ts";
import { type Judged, luckWarnings, meanReturnByTime, rankingAuc, valueCheck, valueWarnings } from "./value-check.ts";

const episode = (success: boolean, task = "a", length = 3): TrainingEpisode => ({
  dataset: 0,
  episode: 0,
  length,
  task,
  success,
});

test("AUC by hand: pairs within a task, ties count half", () => {
  const frame = (success: boolean, value: number, task?: string) => ({ episode: episode(success, task), value });
  // Pairs of task a: (−0.2, −0.5) right, (−0.2, −0.1) wrong, (−0.5, −0.5) tie, (−0.5, −0.1) wrong; task b has no failure.
  const frames = [frame(true, -0.2), frame(true, -0.5), frame(false, -0.5), frame(false, -0.1), frame(true, -0.9, "b")];
  expect(rankingAuc(frames)).toBe(1.5 / 4);
  expect(rankingAuc(frames.slice(0, 2))).toBeNull();
});

test("the mean return by time goes over what reached it, and on with the last", () => {
  const targets = new Map([
    [2, [-0.2, -0.1]],
    [3, [-0.6, -0.5, -0.4]],
  ]);
  const clock = meanReturnByTime([episode(true, "a", 2), episode(true, "a", 3)], ({ length }) => targets.get(length)!);
  expect(clock("a", 0)).toBeCloseTo(-0.4);
  expect(clock("a", 1)).toBeCloseTo(-0.3);
  expect(clock("a", 2)).toBeCloseTo(-0.4);
  expect(clock("a", 9)).toBeCloseTo(-0.4);
});

test("a check's numbers by hand", () => {
  const judged = (success: boolean, frame: number, target: number, value: number, crossEntropy = 1): Judged => ({
    episode: episode(success),
    frame,
    target,
    value,
    crossEntropy,
  });
  const held = [
    judged(true, 0, -0.4, -0.5, 2),
    judged(true, 1, -0.2, -0.2, 4),
    judged(false, 0, -1, -0.7),
    judged(false, 1, -1, -0.9),
  ];
  const check = valueCheck([judged(true, 0, -0.4, -0.3), judged(true, 1, -0.2, -0.3)], held, () => -0.5);
  expect(check.heldOutCrossEntropy).toBe(2);
  expect(check.trainCrossEntropy).toBe(1);
  expect(check.heldOutError).toBeCloseTo((0.1 + 0 + 0.3 + 0.1) / 4);
  expect(check.baselineError).toBeCloseTo((0.1 + 0.3 + 0.5 + 0.5) / 4);
  expect(check.firstFrameGap).toBeCloseTo(0.2);
  expect(check.auc).toBe(1);
  expect([check.successes, check.failures]).toEqual([1, 1]);
  expect(check.trainAdvantageSpread).toBeCloseTo(0.1);
  expect(check.warnings).toEqual([]);
});

test("what is wrong is said in words", () => {
  const good = {
    trainCrossEntropy: 3,
    heldOutCrossEntropy: 3.3,
    heldOutError: 0.05,
    baselineError: 0.1,
    firstFrameGap: 0.2,
    auc: 0.9,
    successes: 20,
    failures: 8,
    advantageSpread: 0.1,
    trainAdvantageSpread: 0.08,
  };
  expect(valueWarnings(good)).toEqual([]);
  expect(valueWarnings({ ...good, trainAdvantageSpread: 0.01 }).join()).toContain("memorised its training episodes");
  expect(valueWarnings({ ...good, heldOutCrossEntropy: 6 }).join()).toContain("overfits");
  expect(valueWarnings({ ...good, heldOutError: 0.1 }).join()).toContain("no better than a clock");
  expect(valueWarnings({ ...good, auc: 0.5 }).join()).toContain("20 successes and 8 failures).");
  expect(valueWarnings({ ...good, auc: 0.5, failures: 2 }).join()).toContain("2 failures, few to tell by");
});

test("luck: returns that differ where values do not", () => {
  // At each of five times a success and a failure. Values see the outcome, or half of it, or nothing.
  const seen = (share: number): Judged[] =>
    [true, false].flatMap((success) =>
      Array.from({ length: 5 }, (_, frame) => {
        const target = success ? -0.2 : -1;
        const value = -0.6 + share * (target + 0.6);
        return { episode: episode(success, "a", 5), frame, target, value, crossEntropy: 1 };
      }),
    );
  expect(luckWarnings(seen(1))).toEqual([]);
  expect(luckWarnings(seen(0.4))).toEqual([]);
  // Within a time the deviation is √2 · 0.4 · (1 − share) of the advantages, √2 · 0.4 · share of the values.
  expect(luckWarnings(seen(0.25)).join()).toContain(
    "differ from their values by 0.42 and values from each other by 0.14",
  );
  expect(valueCheck(seen(0), seen(0), () => 0).warnings.join()).toContain("values from each other by 0.0. Labels");
  expect(luckWarnings(seen(0).slice(0, 1))).toEqual([]);
});
