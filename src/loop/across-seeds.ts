// Runs that differ in their seed alone, as one result. A single run's intervals know of its episodes, not of how much a training happens to
// succeed; those over seeds know both.
import { isDeepStrictEqual } from "node:util";
import { type Estimate, meanInterval } from "../rollout/index.ts";
import type { RecapOptions } from "./options.ts";
import { pretrainedOn } from "./run.ts";
import type { ArmResult, Paired, Summary } from "./summary.ts";

/** The name under which the mean over the tasks stands beside them. */
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
  /** Null where a run has none, or one that is 0. */
  readonly throughputRatio: Estimate | null;
  readonly failureRatio: Estimate | null;
}

/**
 * The arms that all of the seeds have, by task and iteration; after two or more tasks the mean over them. Runs of one seed that improved
 * different tasks count as one.
 * @throws RangeError for less than two seeds, a task twice of one, or runs that differ in more than seed and tasks, naming in what
 */
export function acrossSeeds(runs: readonly Summary[]): ArmAcrossSeeds[] {
  checkOptions(runs);
  const seeds = bySeed(runs);
  if (seeds.length < 2) throw new RangeError(`Expected runs of two or more seeds, got ${seeds.length}`);
  const names = seeds[0]!
    .map(({ task }) => task)
    .filter((task) => seeds.every((tasks) => tasks.some((other) => other.task === task)));
  // [tasks][seeds][arms]
  const found = names.map((name) =>
    seeds.map((tasks) => tasks.find(({ task }) => task === name)!.results.map(withoutIntervals)),
  );
  const alone = names.flatMap((name, task) => overRuns(name, found[task]!));
  if (names.length < 2) return alone;
  return [
    ...alone,
    ...overRuns(
      allTasks,
      seeds.map((_, seed) => inAll(found.map((of) => of[seed]!)).map(meanOverTasks)),
    ),
  ];
}

/** What one run says of an arm; a single run's intervals are of no use beside others. */
interface Arm {
  readonly arm: string;
  readonly iteration: number;
  readonly successRate: number;
  readonly againstSft?: Comparison;
  readonly recapAgainst?: Comparison;
}

interface Comparison {
  readonly successDifference: number;
  readonly throughputRatio: number | null;
  readonly failureRatio: number | null;
}

function withoutIntervals({ arm, iteration, successRate, againstSft, recapAgainst }: ArmResult): Arm {
  const values = ({ successDifference, throughputRatio, failureRatio }: Paired): Comparison => ({
    successDifference: successDifference.value,
    throughputRatio: throughputRatio?.value ?? null,
    failureRatio: failureRatio?.value ?? null,
  });
  return {
    arm,
    iteration,
    successRate: successRate.value,
    ...(againstSft && { againstSft: values(againstSft) }),
    ...(recapAgainst && { recapAgainst: values(recapAgainst) }),
  };
}

/** The same arm of all lists, for every arm of the first that the others have too. */
const inAll = (lists: readonly (readonly Arm[])[]): Arm[][] =>
  lists[0]!.flatMap((one) => {
    const same = lists.map((list) => list.find(({ arm, iteration }) => arm === one.arm && iteration === one.iteration));
    return same.every((arm) => arm !== undefined) ? [same] : [];
  });

function meanOverTasks(arms: readonly Arm[]): Arm {
  const { arm, iteration, againstSft, recapAgainst } = arms[0]!;
  const over = (comparisons: readonly Comparison[]): Comparison => ({
    successDifference: mean(comparisons.map(({ successDifference }) => successDifference)),
    throughputRatio: meanRatio(comparisons.map(({ throughputRatio }) => throughputRatio)),
    failureRatio: meanRatio(comparisons.map(({ failureRatio }) => failureRatio)),
  });
  return {
    arm,
    iteration,
    successRate: mean(arms.map(({ successRate }) => successRate)),
    ...(againstSft && { againstSft: over(arms.map((arm) => arm.againstSft!)) }),
    ...(recapAgainst && { recapAgainst: over(arms.map((arm) => arm.recapAgainst!)) }),
  };
}

const overRuns = (task: string, runs: readonly (readonly Arm[])[]): ArmAcrossSeeds[] =>
  inAll(runs).map((arms) => {
    const { arm, iteration, againstSft, recapAgainst } = arms[0]!;
    const successRates = arms.map(({ successRate }) => successRate);
    const { value, low, high } = meanInterval(successRates);
    return {
      task,
      arm,
      iteration,
      successRates,
      successRate: { value, low: Math.max(0, low), high: Math.min(1, high) },
      ...(againstSft && { againstSft: pairedAcross(arms.map((arm) => arm.againstSft!)) }),
      ...(recapAgainst && { recapAgainst: pairedAcross(arms.map((arm) => arm.recapAgainst!)) }),
    };
  });

const pairedAcross = (pairs: readonly Comparison[]): PairedAcrossSeeds => ({
  successDifference: meanInterval(pairs.map(({ successDifference }) => successDifference)),
  throughputRatio: ratioInterval(pairs.map(({ throughputRatio }) => throughputRatio)),
  failureRatio: ratioInterval(pairs.map(({ failureRatio }) => failureRatio)),
});

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Half and twice as much are as far from the same: ratios are averaged as logarithms. Null where one is none, or 0. */
function logarithms(ratios: readonly (number | null)[]): number[] | null {
  const all = ratios.map((ratio) => Math.log(ratio ?? Number.NaN));
  return all.every(Number.isFinite) ? all : null;
}

/** The geometric mean. */
function meanRatio(ratios: readonly (number | null)[]): number | null {
  const all = logarithms(ratios);
  return all && Math.exp(mean(all));
}

function ratioInterval(ratios: readonly (number | null)[]): Estimate | null {
  const all = logarithms(ratios);
  if (!all) return null;
  const { value, low, high } = meanInterval(all);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

/** The tasks of each seed, in the order in which the seeds come first. */
function bySeed(runs: readonly Summary[]): Summary["tasks"][] {
  const seeds = new Map<unknown, Summary["tasks"]>();
  for (const { options, tasks } of runs) {
    const before = seeds.get(options.seed) ?? [];
    const twice = tasks.find(({ task }) => before.some((other) => other.task === task));
    if (twice)
      throw new RangeError(`Expected each task of a seed once, got ${twice.task} of seed ${options.seed} twice`);
    seeds.set(options.seed, [...before, ...tasks]);
  }
  return [...seeds.values()];
}

/** Options that decide how long a run takes, which controls it has and which tasks it improves, not what an arm learns. */
const free = new Set(["seed", "workers", "parallel", "controls", "tasks", "pretrainTasks"]);

function checkOptions(runs: readonly Summary[]): void {
  const [first, ...others] = runs.map(({ options }) => ({
    ...options,
    "tasks that are pre-trained on": pretrainedOn(options as unknown as RecapOptions),
  })) as Readonly<Record<string, unknown>>[];
  for (const other of others)
    for (const name of new Set([...Object.keys(first!), ...Object.keys(other)]))
      if (!free.has(name) && !isDeepStrictEqual(first![name], other[name]))
        throw new RangeError(
          `Expected runs that differ in seed and tasks alone, got ${name} ${JSON.stringify(first![name])} and ${JSON.stringify(other[name])}`,
        );
}
