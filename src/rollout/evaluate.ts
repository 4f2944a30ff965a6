// Evaluation of a policy on held-out episodes, and comparison of two policies on the same ones.
import type * as z from "zod";
import { type Random, random } from "../system/index.ts";
import type { Assignment, Finished, Lost } from "./fleet/episode-runner.ts";
import { runEpisodes } from "./fleet/parallel.ts";
import { loadStations } from "./fleet/stations.ts";
import {
  type PairedCounts,
  pairedDifference,
  pairedRatio,
  type TimedOutcome,
  throughputInterval,
  throughputOf,
  throughputRatio,
} from "./intervals.ts";
import { type Jumps, summarise } from "./jumps.ts";
import type { evaluateOptions } from "./options.ts";
import { type Estimate, mcnemar, quantile, wilson } from "./statistics.ts";

export interface EvaluationOptions extends z.infer<typeof evaluateOptions> {
  /** Address of the module that opens stations, such as sim's `simulation`. */
  readonly stations: string;
  readonly progress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** One evaluated episode. */
export interface EvaluatedEpisode extends Assignment {
  readonly success: boolean;
  readonly seconds: number;
  /** Measured seconds of the reset; absent in simulated time, where `EvaluationOptions.resetSeconds` counts. */
  readonly resetSeconds?: number;
  /** Faults of the policy, the earliest first, such as "late at period 12: …". */
  readonly troubles: readonly string[];
}

/** The episodes of one policy together. */
export interface Score {
  readonly episodes: number;
  readonly successes: number;
  /** Share of the episodes, with Wilson's interval. */
  readonly successRate: Estimate;
  /** Successes per hour of robot time, resets included (`throughputInterval`). */
  readonly throughput: Estimate;
  /** Seconds of each success, in the order of the episodes. */
  readonly timesToSuccess: readonly number[];
  /** Their median; null without a success. */
  readonly medianTimeToSuccess: number | null;
}

export interface Evaluation {
  readonly policy: string;
  readonly resetSeconds: number;
  readonly total: Score;
  readonly byTask: Readonly<Record<string, Score>>;
  /** Over all episodes. Absent if no chunk took over from another. */
  readonly jumps?: Jumps;
  readonly runs: readonly EvaluatedEpisode[];
  /** Episodes that were not run to their end. They count nowhere else. */
  readonly lost: readonly Lost[];
}

/** A policy against a baseline on the same episodes. */
export interface Comparison {
  /** Episodes that both ran. */
  readonly episodes: number;
  /** Success rate minus the baseline's (`pairedDifference`). */
  readonly successDifference: Estimate;
  /** Episodes that only one of both solved, and McNemar's exact two-sided p. */
  readonly onlyPolicy: number;
  readonly onlyBaseline: number;
  readonly p: number;
  /** Throughput divided by the baseline's (`throughputRatio`); null if the baseline never succeeded. */
  readonly throughputRatio: Estimate | null;
  /** Failures divided by the baseline's (`pairedRatio`); null if the baseline never failed. */
  readonly failureRatio: Estimate | null;
}

/** Runs the episodes and scores them. The intervals' randomness comes from `seed`. @throws Error if no episode ran to its end */
export async function evaluatePolicy(options: EvaluationOptions): Promise<Evaluation> {
  const {
    task: tasks,
    difficulty,
    randomise,
    episodes,
    seed,
    workers,
    resetSeconds: _,
    progress,
    signal,
    stations: module,
    ...driving
  } = options;
  const stations = await loadStations(module);
  const assignments = tasks.flatMap((task) => {
    const setting = stations.setting({ task, difficulty, randomise });
    return Array.from({ length: episodes }, (_, i) => ({ ...setting, seed: seed + i }));
  });
  const runs: EvaluatedEpisode[] = [];
  const lost: Lost[] = [];
  const jumps: number[] = [];
  await runEpisodes(assignments, {
    stations: module,
    driving: { ...driving, supervisor: "none" },
    record: false,
    workers,
    onEpisode(episode) {
      if ("lost" in episode) lost.push(episode);
      else if (episode.result.outcome === "discarded") {
        const { task, difficulty, randomise, seed } = episode;
        lost.push({ task, difficulty, randomise, seed, lost: "discarded" });
      } else {
        runs.push(evaluated(episode));
        jumps.push(...episode.jumps);
      }
      progress?.(runs.length + lost.length, assignments.length);
    },
    ...(signal && { signal }),
  });
  if (runs.length === 0)
    throw new Error(
      `No episode was run to its end${lost[0] ? `: ${lost.length} were lost, the first: ${lost[0].lost}` : ""}`,
    );
  return evaluationOf(options, runs, lost, jumps);
}

/** Scores the episodes of a policy: one at least. */
export function evaluationOf(
  { policy, task: tasks, seed, resetSeconds }: Pick<EvaluationOptions, "policy" | "task" | "seed" | "resetSeconds">,
  runs: readonly EvaluatedEpisode[],
  lost: readonly Lost[],
  jumps: readonly number[],
): Evaluation {
  const scoreOf = (some: readonly EvaluatedEpisode[]) => score(some, resetSeconds, random(seed).split("bootstrap"));
  const jumped = summarise(jumps);
  const ran = tasks.filter((task) => runs.some((run) => run.task === task));
  return {
    policy,
    resetSeconds,
    total: scoreOf(runs),
    byTask: Object.fromEntries(ran.map((task) => [task, scoreOf(runs.filter((run) => run.task === task))])),
    ...(jumped && { jumps: jumped }),
    runs,
    lost,
  };
}

/** What an evaluation keeps of an episode. */
export function evaluated({ task, difficulty, randomise, seed, result }: Finished): EvaluatedEpisode {
  const troubles = result.troubles.map(({ step, kind, message }) => `${kind} at period ${step}: ${message}`);
  return {
    task,
    difficulty,
    randomise,
    seed,
    success: result.outcome === "success",
    seconds: result.seconds,
    ...(result.resetSeconds !== undefined && { resetSeconds: result.resetSeconds }),
    troubles,
  };
}

type Outcome = Pick<EvaluatedEpisode, "success" | "seconds" | "resetSeconds">;

/** Scores one or more episodes. */
export function score(runs: readonly Outcome[], resetSeconds: number, random: Random): Score {
  const times = runs.filter(({ success }) => success).map(({ seconds }) => seconds);
  const sorted = times.toSorted((a, b) => a - b);
  return {
    episodes: runs.length,
    successes: times.length,
    successRate: wilson(times.length, runs.length),
    throughput: throughputInterval(attempts(runs, resetSeconds), random),
    timesToSuccess: times,
    medianTimeToSuccess: times.length > 0 ? quantile(sorted, 0.5) : null,
  };
}

/** Successes per hour of robot time, `resetSeconds` after each episode included. */
export const throughput = (runs: readonly Outcome[], resetSeconds: number): number =>
  throughputOf(attempts(runs, resetSeconds));

const attempts = (runs: readonly Outcome[], resetSeconds: number): TimedOutcome[] =>
  runs.map(({ success, seconds, resetSeconds: measured = resetSeconds }) => ({ success, seconds: seconds + measured }));

/** The same episode by the policy and by the baseline. */
type Pair = readonly [Outcome, Outcome];

/** The part of an evaluation that a comparison needs. */
export type ComparedEvaluation = Pick<Evaluation, "policy" | "resetSeconds"> & {
  readonly runs: readonly Omit<EvaluatedEpisode, "troubles">[];
};

/**
 * Compares two evaluations on the episodes that both have. These begin alike. The intervals' randomness comes from `seed`.
 * @throws Error if they have no episode in common
 */
export function compare(policy: ComparedEvaluation, baseline: ComparedEvaluation, seed: number): Comparison {
  const keyOf = ({ task, difficulty, randomise, seed }: Assignment) => `${task} ${difficulty} ${randomise} ${seed}`;
  const others = new Map(baseline.runs.map((run) => [keyOf(run), run]));
  const pairs = policy.runs.flatMap((run): Pair[] => {
    const other = others.get(keyOf(run));
    return other ? [[run, other]] : [];
  });
  if (pairs.length === 0)
    throw new Error(`Expected episodes that ${policy.policy} and ${baseline.policy} both ran, found none`);
  const count = (ours: boolean, theirs: boolean) =>
    pairs.filter(([run, other]) => run.success === ours && other.success === theirs).length;
  const counts: PairedCounts = {
    both: count(true, true),
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    neither: count(false, false),
  };
  const { onlyFirst, onlySecond } = counts;
  const [ours, theirs] = [pairs.map(([run]) => run), pairs.map(([, other]) => other)];
  const theirAttempts = attempts(theirs, baseline.resetSeconds);
  const timed = attempts(ours, policy.resetSeconds).map((attempt, i) => [attempt, theirAttempts[i]!] as const);
  return {
    episodes: pairs.length,
    successDifference: pairedDifference(counts),
    onlyPolicy: onlyFirst,
    onlyBaseline: onlySecond,
    p: mcnemar(onlyFirst, onlySecond),
    throughputRatio: throughputRatio(timed, random(seed).split("comparison")),
    // The policy alone fails where the baseline alone solves.
    failureRatio: pairedRatio({ both: counts.neither, onlyFirst: onlySecond, onlySecond: onlyFirst }),
  };
}
