// Several runs that differ in their seed alone, as one result. Intervals within one run cover chance in its episodes.
// Intervals over seeds cover chance in demonstrations, data and training too.
import { isDeepStrictEqual } from "node:util";
import { type Estimate, meanInterval } from "../rollout/index.ts";
import { PistarError } from "../system/index.ts";
import type { RecapOptions } from "./options.ts";
import { pretrainedOn } from "./run.ts";
import type { Summary } from "./summary.ts";

/** The name of the mean over the tasks. */
const allTasks = "all tasks";

/** An arm of a task over all runs. Intervals are Student's over the runs, of ratios over their logarithms. */
export interface ArmAcrossSeeds {
  /** Or "all tasks": each run's mean over its tasks. */
  readonly task: string;
  readonly arm: string;
  readonly iteration: number;
  /** Of each run, from 0 to 1, in the order of the runs. */
  readonly successRates: readonly number[];
  readonly successRate: Estimate;
  /** Against the run's own SFT; absent for SFT. */
  readonly againstSft?: PairedAcrossSeeds;
  /** Of a control: RECAP's policy of the same iteration against it. */
  readonly recapAgainst?: PairedAcrossSeeds;
}

export interface PairedAcrossSeeds {
  /** Of success rates, −1 to 1. */
  readonly successDifference: Estimate;
  /** Null if a run has none, or one of 0. */
  readonly throughputRatio: Estimate | null;
  readonly failureRatio: Estimate | null;
}

/** A number of one run. Its interval within the run is not used. */
type Value = Pick<Estimate, "value">;

/** One arm of one run, with its comparisons: a part of `ArmResult`. */
export interface ArmOfRun {
  readonly arm: string;
  readonly iteration: number;
  readonly successRate: Value;
  readonly againstSft?: PairOfRun;
  readonly recapAgainst?: PairOfRun;
}

interface PairOfRun {
  readonly successDifference: Value;
  readonly throughputRatio: Value | null;
  readonly failureRatio: Value | null;
}

/** One run: a part of its `Summary`. */
export interface RunOfSeed {
  readonly options: Summary["options"];
  readonly tasks: readonly { readonly task: string; readonly results: readonly ArmOfRun[] }[];
}

/**
 * Arms by task and iteration, as far as all seeds have them. After two or more tasks follows their mean. Runs of one seed that improved
 * different tasks count as one run.
 * @throws RangeError for fewer than two seeds, for a task twice of one seed, and for runs that differ in more than seed and tasks
 */
export function acrossSeeds(runs: readonly RunOfSeed[]): ArmAcrossSeeds[] {
  checkOptions(runs);
  const seeds = bySeed(runs);
  if (seeds.length < 2) throw new PistarError("bad-option", `Expected runs of two or more seeds, got ${seeds.length}`);
  const names = seeds[0]!
    .map(({ task }) => task)
    .filter((task) => seeds.every((tasks) => tasks.some((other) => other.task === task)));
  // [tasks][seeds][arms]
  const found = names.map((name) => seeds.map((tasks) => tasks.find(({ task }) => task === name)!.results));
  const alone = names.flatMap((name, task) => combined(name, found[task]!));
  if (names.length < 2) return alone;
  const means = seeds.map((_, seed) =>
    combined(
      allTasks,
      found.map((of) => of[seed]!),
    ),
  );
  return [...alone, ...combined(allTasks, means)];
}

/** Means over lists of arms, for each arm of the first list that all others have. */
function combined(task: string, lists: readonly (readonly ArmOfRun[])[]): ArmAcrossSeeds[] {
  return lists[0]!.flatMap(({ arm, iteration, againstSft, recapAgainst }) => {
    const same = lists.map((list) => list.find((other) => other.arm === arm && other.iteration === iteration));
    if (!same.every((one) => one !== undefined)) return [];
    const successRates = same.map(({ successRate }) => successRate.value);
    const { value, low, high } = meanInterval(successRates);
    return {
      task,
      arm,
      iteration,
      successRates,
      successRate: { value, low: Math.max(0, low), high: Math.min(1, high) },
      ...(againstSft && { againstSft: pairedAcross(same.map((one) => one.againstSft!)) }),
      ...(recapAgainst && { recapAgainst: pairedAcross(same.map((one) => one.recapAgainst!)) }),
    };
  });
}

const pairedAcross = (pairs: readonly PairOfRun[]): PairedAcrossSeeds => ({
  successDifference: meanInterval(pairs.map(({ successDifference }) => successDifference.value)),
  throughputRatio: meanRatio(pairs.map(({ throughputRatio }) => throughputRatio?.value)),
  failureRatio: meanRatio(pairs.map(({ failureRatio }) => failureRatio?.value)),
});

/** The geometric mean. Half and twice as much are equally far from 1. */
function meanRatio(ratios: readonly (number | null | undefined)[]): Estimate | null {
  // Summaries of earlier versions have null for numbers that are not finite.
  const logarithms = ratios.map((ratio) => Math.log(ratio ?? Number.NaN));
  if (!logarithms.every(Number.isFinite)) return null;
  const { value, low, high } = meanInterval(logarithms);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

/** The tasks of each seed, in the order of the seeds' first runs. */
function bySeed(runs: readonly RunOfSeed[]): RunOfSeed["tasks"][] {
  const seeds = new Map<unknown, RunOfSeed["tasks"]>();
  for (const { options, tasks } of runs) {
    const before = seeds.get(options.seed) ?? [];
    const twice = tasks.find(({ task }) => before.some((other) => other.task === task));
    if (twice)
      throw new PistarError(
        "bad-option",
        `Expected each task of a seed once, got ${twice.task} of seed ${options.seed} twice`,
      );
    seeds.set(options.seed, [...before, ...tasks]);
  }
  return [...seeds.values()];
}

/** Options that may differ: they decide the duration, the controls and the tasks of a run, but not what an arm learns. */
const free = new Set(["seed", "workers", "parallel", "controls", "tasks", "pretrainTasks"]);

function checkOptions(runs: readonly RunOfSeed[]): void {
  const [first, ...others] = runs.map(({ options }) => ({
    ...options,
    "tasks that are pre-trained on": pretrainedOn(options as unknown as RecapOptions),
  })) as Readonly<Record<string, unknown>>[];
  for (const other of others)
    for (const name of new Set([...Object.keys(first!), ...Object.keys(other)]))
      if (!free.has(name) && !isDeepStrictEqual(first![name], other[name]))
        throw new PistarError(
          "bad-option",
          `Expected runs that differ in seed and tasks alone, got ${name} ${JSON.stringify(first![name])} and ${JSON.stringify(other[name])}`,
        );
}
