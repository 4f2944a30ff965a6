import { describe, expect, test } from "vitest";
import type { Estimate } from "../../rollout/statistics.ts";
import type { ArmResult, Summary, TaskSummary } from "../summary.ts";
import { runVerdict, taskVerdict } from "./verdict.ts";

const about = (value: number, room: number): Estimate => ({ value, low: value - room, high: value + room });

const sft: ArmResult = {
  arm: "sft",
  iteration: 0,
  episodes: 100,
  successes: 46,
  successRate: about(0.46, 0.1),
  throughput: about(60, 10),
  timesToSuccess: [],
};

function recap(
  iteration: number,
  rate: number,
  difference: Estimate,
  throughputRatio: Estimate | null,
  toPrevious = difference,
): ArmResult {
  const successRate = about(rate, 0.05);
  const paired = { p: 0.5, throughputRatio, failureRatio: null };
  return {
    ...sft,
    arm: "recap",
    iteration,
    successRate,
    againstSft: { ...paired, successDifference: difference },
    againstPrevious: { ...paired, successDifference: toPrevious },
  };
}

const task = (...results: readonly ArmResult[]): TaskSummary => ({
  task: "cube-in-bowl",
  description: "",
  difficulty: 0,
  results,
  gains: [],
  values: [],
  labels: [],
  warnings: [],
  traces: [],
});

const run = (tasks: readonly TaskSummary[], finishedAt: string | null = "2026-01-01T01:00:00Z"): Summary => ({
  pistar: "0.1.0",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt,
  options: {},
  stages: [],
  warnings: [],
  tasks,
  curves: [],
});

/** The first line, with ordinary spaces. */
function line(summary: Summary): string {
  const { head, detail } = runVerdict(summary);
  return `${head}${detail && ": "}${detail}`.replaceAll("\u00a0", " ");
}

const better = recap(1, 0.78, { value: 0.32, low: 0.18, high: 0.45 }, { value: 2.1, low: 1.6, high: 2.8 });
const worse = recap(1, 0.3, { value: -0.16, low: -0.28, high: -0.03 }, { value: 0.7, low: 0.5, high: 1.02 });
const uncertain = recap(1, 0.5, { value: 0.04, low: -0.09, high: 0.17 }, { value: 1.1, low: 0.9, high: 1.4 });

describe("one task", () => {
  test("better", () => {
    expect(line(run([task(sft, better)]))).toBe(
      "RECAP made cube-in-bowl better: 46 % → 78 % of episodes succeed (difference +32 points, 95 % interval +18 … +45), throughput ×2.1 (1.6 … 2.8)",
    );
  });

  test("better, with what it had more and beside controls of the same data", () => {
    const paired = (value: number, low: number, high: number) => ({
      recapAgainst: { successDifference: { value, low, high }, p: 0.5, throughputRatio: null, failureRatio: null },
    });
    const filtered = { ...sft, arm: "filtered", iteration: 1, ...paired(0.11, 0.01, 0.2) };
    const random = { ...sft, arm: "random-labels", iteration: 1, ...paired(0.02, -0.08, 0.12) };
    const gains = [
      { iteration: 0, source: "demonstrations", episodes: 20, successes: 18 },
      { iteration: 1, source: "autonomous", episodes: 30, successes: 9 },
      { iteration: 1, source: "corrected", episodes: 120, successes: 105 },
    ] as const;
    expect(line(run([{ ...task(sft, better, filtered, random), gains }]))).toBe(
      "RECAP made cube-in-bowl better; its labels are not shown to beat random ones: 46 % → 78 % of episodes succeed with 150 more episodes, 120 of them supervised (difference +32 points, 95 % interval +18 … +45), throughput ×2.1 (1.6 … 2.8); on the same data +11 points to filtered cloning (+1 … +20), +2 points to RECAP with random labels (−8 … +12)",
    );
  });

  test("labels against random ones", () => {
    const successDifference = { value: 0.12, low: 0.02, high: 0.22 };
    const random = (low: number): ArmResult => ({
      ...sft,
      arm: "random-labels",
      iteration: 1,
      recapAgainst: {
        successDifference: { ...successDifference, low },
        p: 0.5,
        throughputRatio: null,
        failureRatio: null,
      },
    });
    expect(taskVerdict(task(sft, better, random(0.02))).head).toMatch(/better; its labels beat random ones$/);
    const named = (name: string, low: number) => ({ ...task(sft, better, random(low)), task: name });
    expect(runVerdict(run([named("a", 0.02), named("b", -0.02), named("c", 0.01)])).head).toBe(
      "RECAP made a, b and c better; its labels beat random ones on a and c; its labels are not shown to beat random ones on b",
    );
  });

  test("worse", () => {
    expect(line(run([task(sft, worse)]))).toBe(
      "RECAP made cube-in-bowl worse: 46 % → 30 % of episodes succeed (difference −16 points, 95 % interval −28 … −3), throughput ×0.70 (0.50 … 1.02)",
    );
  });

  test("an interval with no change in it", () => {
    expect(line(run([task(sft, uncertain)]))).toMatch(/^RECAP is not shown to be better on cube-in-bowl: 46 % → 50 %/);
    const touching = recap(1, 0.6, { value: 0.1, low: 0, high: 0.2 }, null);
    expect(taskVerdict(task(sft, touching)).outcome).toBe("uncertain");
  });

  test("only the throughput changed", () => {
    const raised = recap(1, 0.5, about(0.04, 0.1), { value: 1.5, low: 1.2, high: 1.9 });
    expect(line(run([task(sft, raised)]))).toMatch(
      /^RECAP raised the throughput of cube-in-bowl but its success rate is not shown to be better:/,
    );
    const lowered = recap(1, 0.5, about(0.04, 0.1), { value: 0.5, low: 0.3, high: 0.8 });
    expect(taskVerdict(task(sft, lowered)).outcome).toBe("lowered");
    const mixed = recap(1, 0.7, about(0.24, 0.1), { value: 0.5, low: 0.3, high: 0.8 });
    expect(taskVerdict(task(sft, mixed)).outcome).toBe("mixed");
  });

  test("without a ratio the throughputs are told", () => {
    const first = recap(1, 0.78, about(0.3, 0.1), null);
    expect(taskVerdict(task(sft, first)).detail).toMatch(/throughput 60\u00a0→\u00a060 successes per hour$/);
  });

  test("the last iteration counts, and one that made it worse is told", () => {
    const second = recap(2, 0.6, { value: 0.14, low: 0.02, high: 0.26 }, null, about(-0.18, 0.07));
    expect(line(run([task(sft, second, better)]))).toMatch(
      /^RECAP made cube-in-bowl better; iteration 2 made it worse than iteration 1 \(−18 points, −25 … −11\): 46 % → 60 % of episodes succeed after 2 iterations/,
    );
    const recovered = recap(2, 0.7, { value: 0.24, low: 0.1, high: 0.36 }, null, about(0.4, 0.1));
    expect(line(run([task(sft, worse, recovered)]))).toMatch(/better; iteration 1 made it worse than SFT \(−16 points/);
  });

  test("a single arm, or none", () => {
    expect(line(run([task(sft)]))).toBe(
      "RECAP cannot be judged on cube-in-bowl yet: SFT succeeds in 46 % of episodes (95 % interval 36 … 56)",
    );
    const { againstSft: _, ...lone } = better;
    expect(line(run([task(lone)]))).toMatch(/^RECAP cannot be judged on cube-in-bowl yet: RECAP succeeds in 78 %/);
    expect(line(run([task()], null))).toBe(
      "Unfinished run: RECAP cannot be judged on cube-in-bowl yet: no policy has been evaluated",
    );
    expect(line(run([], null))).toBe("Unfinished run: no task has been evaluated");
  });

  test("a bound that is not known proves nothing", () => {
    const unknown = null as unknown as number;
    const difference = { value: -0.2, low: unknown, high: unknown };
    const throughput = { value: 0.5, low: unknown, high: unknown };
    expect(taskVerdict(task(sft, recap(1, 0.3, difference, throughput))).outcome).toBe("uncertain");
    const second = recap(2, 0, difference, null);
    expect(taskVerdict(task(sft, better, second)).head).toBe("RECAP is not shown to be better on cube-in-bowl");
  });
});

test("several tasks: which became better, which worse", () => {
  const second = recap(2, 0.6, { value: 0.14, low: 0.02, high: 0.26 }, null, about(-0.18, 0.07));
  const summary = run([
    { ...task(sft, better), task: "a" },
    { ...task(sft, worse), task: "b" },
    { ...task(sft, better, second), task: "c" },
    { ...task(sft, uncertain), task: "d" },
  ]);
  expect(line(summary)).toBe(
    "RECAP made a and c better; made b worse; is not shown to be better on d; iteration 2 made c worse",
  );
  expect(runVerdict(summary).outcome).toBe("worse");
});
