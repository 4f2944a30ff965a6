// Turns rows of runs.csv into the input of the product's own statistics.
import type { ArmOfRun, RunOfSeed } from "../../src/loop/index.ts";
import { type ComparedEvaluation, type Comparison, compare, mcnemar, throughput } from "../../src/rollout/index.ts";
import { type Row, rowOf } from "./rows.ts";

/** Seconds between two episodes, the default of `pistar eval`. */
const resetSeconds = 10;

/** Successes per hour of robot time, resets included. */
export function throughputOf(row: Row): number {
  if (!row.times) throw new RangeError(`Expected times of ${row.run} ${row.task} ${row.arm}, found none`);
  const failures = Array.from({ length: row.episodes - row.successes }, () => ({
    success: false,
    seconds: row.deadline!,
  }));
  const successes = row.times.map((seconds) => ({ success: true, seconds }));
  return throughput([...successes, ...failures], resetSeconds);
}

/** Two policies on the same episodes, with their run's own intervals. */
export function compareRows(policy: Row, baseline: Row): Comparison {
  return compare(evaluationOf(policy), evaluationOf(baseline), policy.seed);
}

function evaluationOf(row: Row): ComparedEvaluation {
  if (!row.outcomes || !row.times)
    throw new RangeError(`Expected outcomes and times of ${row.run} ${row.task} ${row.arm}, found none`);
  const times = [...row.times];
  const runs = Array.from(row.outcomes, (outcome, index) => {
    const success = outcome === "1";
    const seconds = success ? times.shift()! : row.deadline!;
    return { task: row.task, difficulty: 0, randomise: false, seed: row.firstSeed + index, success, seconds };
  });
  return { policy: `${row.run} ${row.arm}`, resetSeconds, runs };
}

/** Episodes solved by only one of both, over all given pairs, with McNemar's exact p. */
export function wonAndLost(pairs: readonly (readonly [policy: Row, baseline: Row])[]): {
  readonly won: number;
  readonly lost: number;
  readonly p: number;
} {
  let [won, lost] = [0, 0];
  for (const [policy, baseline] of pairs) {
    if (!policy.outcomes || policy.outcomes.length !== baseline.outcomes.length)
      throw new RangeError(`Expected outcomes of the same episodes of ${policy.run} and ${baseline.run}`);
    if (policy.firstSeed !== baseline.firstSeed || policy.task !== baseline.task)
      throw new RangeError(`Expected the same episodes, got those of ${policy.run} and ${baseline.run}`);
    for (const [index, outcome] of Array.from(policy.outcomes).entries()) {
      if (outcome > baseline.outcomes[index]!) won++;
      if (outcome < baseline.outcomes[index]!) lost++;
    }
  }
  return { won, lost, p: mcnemar(won, lost) };
}

/** RECAP's last policy beside filtered cloning, the strongest control: a pair for every run and task. */
export function recapAndFiltered(rows: readonly Row[], runs: readonly string[]): [recap: Row, filtered: Row][] {
  return rows
    .filter(({ run, arm, base }) => runs.includes(run) && arm === "filtered" && !base)
    .map((filtered) => {
      const { run, task, iteration } = filtered;
      return [rowOf(rows, { run, task, iteration, arm: "recap" }), filtered];
    });
}

/** A whole run in the form for `acrossSeeds`. */
export function runOfSeed(rows: readonly Row[], run: string): RunOfSeed {
  const own = rows.filter((row) => row.run === run);
  if (own.length === 0) throw new RangeError(`Expected a run of runs.csv, got ${run}`);
  const tasks = [...new Set(own.map(({ task }) => task))];
  const { seed, options } = own[0]!;
  return {
    options: { seed, options, tasks, pretrainTasks: [] },
    tasks: tasks.map((task) => ({ task, results: armsOf(own.filter((row) => row.task === task)) })),
  };
}

function armsOf(rows: readonly Row[]): ArmOfRun[] {
  const sft = rows.find(({ arm }) => arm === "sft");
  return rows.map((row) => {
    const { arm, iteration } = row;
    const recap = rows.find((other) => other.arm === "recap" && other.iteration === iteration);
    const isControl = arm !== "recap" && arm !== "sft";
    return {
      arm,
      iteration,
      successRate: { value: row.successes / row.episodes },
      ...(sft && row !== sft && { againstSft: pairOf(row, sft) }),
      ...(recap && isControl && { recapAgainst: pairOf(recap, row) }),
    };
  });
}

function pairOf(policy: Row, baseline: Row): NonNullable<ArmOfRun["againstSft"]> {
  const failures = (row: Row) => row.episodes - row.successes;
  const quotient = (above: number, below: number) => (below === 0 ? null : { value: above / below });
  return {
    successDifference: { value: policy.successes / policy.episodes - baseline.successes / baseline.episodes },
    throughputRatio: quotient(throughputOf(policy), throughputOf(baseline)),
    failureRatio: quotient(failures(policy) / policy.episodes, failures(baseline) / baseline.episodes),
  };
}
