import { expect, test } from "vitest";
import type { Estimate } from "../rollout/statistics.ts";
import { acrossSeeds } from "./across-seeds.ts";
import type { ArmResult, Paired, Summary } from "./summary.ts";

const sure = (value: number): Estimate => ({ value, low: value, high: value });

const pair = (difference: number, throughput: number | null, failures: number): Paired => ({
  successDifference: sure(difference),
  p: 1,
  throughputRatio: throughput === null ? null : sure(throughput),
  failureRatio: sure(failures),
});

function arm(name: string, iteration: number, rate: number, pairs: Partial<ArmResult> = {}): ArmResult {
  const successes = 100 * rate;
  const [successRate, throughput] = [sure(rate), sure(100)];
  return { arm: name, iteration, episodes: 100, successes, successRate, throughput, timesToSuccess: [], ...pairs };
}

const run = (seed: number, results: readonly ArmResult[], options: object = {}): Summary => ({
  pistar: "0.1.0",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt: null,
  options: { demonstrations: 20, tasks: ["cube"], pretrainTasks: [], ...options, seed },
  stages: [],
  curves: [],
  warnings: [],
  tasks: [
    {
      task: "cube",
      description: "",
      difficulty: 0,
      results,
      gains: [],
      values: [],
      labels: [],
      warnings: [],
      traces: [],
    },
  ],
});

test("means over runs by hand", () => {
  const found = acrossSeeds([
    run(0, [
      arm("sft", 0, 0.2),
      arm("recap", 1, 0.4, { againstSft: pair(0.2, 1, 0.5) }),
      arm("awr", 1, 0.3, { againstSft: pair(0.1, null, 1), recapAgainst: pair(0.1, 2, 1) }),
    ]),
    run(1, [
      arm("sft", 0, 0.4),
      arm("recap", 1, 0.8, { againstSft: pair(0.4, 4, 0.5) }),
      arm("awr", 1, 0.3, { againstSft: pair(0.1, 1, 1), recapAgainst: pair(0.5, 2, 1) }),
    ]),
  ]);
  const [sft, recap, awr] = found;
  expect(found.map(({ arm, iteration }) => `${arm} ${iteration}`)).toEqual(["sft 0", "recap 1", "awr 1"]);
  // Two values a distance d apart: half = 12.706 · d / 2.
  expect(sft!.successRates).toEqual([0.2, 0.4]);
  expect(sft!.successRate.value).toBeCloseTo(0.3);
  // 0.3 ± 1.27, within what a share can be.
  expect(sft!.successRate).toMatchObject({ low: 0, high: 1 });
  expect(sft!.againstSft).toBeUndefined();
  expect(recap!.againstSft!.successDifference.value).toBeCloseTo(0.3);
  expect(recap!.againstSft!.successDifference.high).toBeCloseTo(0.3 + 12.706 * 0.1, 6);
  // √(1 · 4), and its interval in logarithms.
  expect(recap!.againstSft!.throughputRatio!.value).toBeCloseTo(2);
  expect(Math.log(recap!.againstSft!.throughputRatio!.high)).toBeCloseTo(Math.log(2) * (1 + 12.706), 6);
  for (const end of ["value", "low", "high"] as const) expect(recap!.againstSft!.failureRatio![end]).toBeCloseTo(0.5);
  expect(awr!.againstSft!.throughputRatio).toBeNull();
  expect(awr!.recapAgainst!.throughputRatio!.value).toBeCloseTo(2);
});

test("after two or more tasks each run's mean over them, by hand", () => {
  const both = (seed: number, cube: readonly ArmResult[], peg: readonly ArmResult[]): Summary => {
    const made = run(seed, cube);
    const [task] = made.tasks;
    return { ...made, tasks: [task!, { ...task!, task: "peg", results: peg }] };
  };
  const recap = (rate: number, difference: number, throughput: number) =>
    arm("recap", 1, rate, { againstSft: pair(difference, throughput, 0.5) });
  const found = acrossSeeds([
    both(0, [arm("sft", 0, 0.2), recap(0.4, 0.2, 2)], [arm("sft", 0, 0.4), recap(0.6, 0.2, 8), arm("awr", 1, 0.5)]),
    both(1, [arm("sft", 0, 0.1), recap(0.7, 0.6, 4)], [arm("sft", 0, 0.1), recap(0.3, 0.2, 4), arm("awr", 1, 0.5)]),
  ]);
  const all = found.filter(({ task }) => task === "all tasks");
  expect(all.map(({ arm }) => arm)).toEqual(["sft", "recap"]); // awr is missing on one of the tasks
  expect(all[0]!.successRates.map((rate) => rate.toFixed(6))).toEqual(["0.300000", "0.100000"]);
  // Means of 20 and 20, and of 60 and 20 points: 0.2 and 0.4.
  expect(all[1]!.againstSft!.successDifference.value).toBeCloseTo(0.3);
  expect(all[1]!.againstSft!.successDifference.high).toBeCloseTo(0.3 + 12.706 * 0.1, 6);
  // √(2 · 8) and √(4 · 4): the same in both runs.
  for (const end of ["value", "low", "high"] as const) expect(all[1]!.againstSft!.throughputRatio![end]).toBeCloseTo(4);
});

test("arms that a run lacks are left out; a throughput of 0 has no ratio", () => {
  const zero = arm("recap", 1, 0, { againstSft: pair(-0.2, 0, 1.2) });
  const found = acrossSeeds([
    run(0, [arm("sft", 0, 0.2), zero, arm("awr", 1, 0.1)]),
    run(1, [arm("sft", 0, 0.2), zero]),
  ]);
  expect(found.map(({ arm }) => arm)).toEqual(["sft", "recap"]);
  expect(found[1]!.againstSft!.throughputRatio).toBeNull();
});

test("what cannot be put together is said", () => {
  const results = [arm("sft", 0, 0.2)];
  expect(() => acrossSeeds([run(0, results)])).toThrow("two or more seeds, got 1");
  expect(() => acrossSeeds([run(0, results), run(0, results)])).toThrow("a seed once, got cube of seed 0 twice");
  expect(() => acrossSeeds([run(0, results), run(1, results, { demonstrations: 40 })])).toThrow(
    "in seed and tasks alone, got demonstrations 20 and 40",
  );
  expect(acrossSeeds([run(0, results, { workers: 1 }), run(1, results, { workers: 2 })])).toHaveLength(1);
});

test("a seed's tasks may come from several runs with the same pre-training", () => {
  const part = (seed: number, name: string, rate: number, pretrainTasks: readonly string[]) => {
    const made = run(seed, [arm("sft", 0, rate)], { tasks: [name], pretrainTasks });
    return { ...made, tasks: made.tasks.map((task) => ({ ...task, task: name })) };
  };
  const whole = run(0, [arm("sft", 0, 0.2)], { tasks: ["cube", "peg"] });
  const both = { ...whole, tasks: [...whole.tasks, { ...whole.tasks[0]!, task: "peg" }] };
  const found = acrossSeeds([both, part(1, "peg", 0.6, ["cube"]), part(1, "cube", 0.4, ["cube", "peg"])]);
  expect(found.map(({ task, successRates }) => [task, ...successRates])).toEqual([
    ["cube", 0.2, 0.4],
    ["peg", 0.2, 0.6],
    ["all tasks", 0.2, 0.5],
  ]);
  expect(() => acrossSeeds([both, part(1, "cube", 0.4, ["peg"])])).toThrow(
    'got tasks that are pre-trained on ["cube","peg"] and ["peg","cube"]',
  );
});
