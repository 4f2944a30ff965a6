// How well a policy does on held-out episodes, and whether one does better than another on the same ones.
import type * as z from "zod";
import { type Random, random } from "../system/index.ts";
import type { Assignment, Finished, Lost } from "./fleet/episode-runner.ts";
import { runEpisodes } from "./fleet/parallel.ts";
import { loadStations } from "./fleet/stations.ts";
import { type Jumps, summarise } from "./jumps.ts";
import type { evaluateOptions } from "./options.ts";
import { bootstrap, type Estimate, mcnemar, quantile, wilson } from "./statistics.ts";

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
  /** What the policy did wrong, the earliest first, such as "late at period 12: …". */
  readonly troubles: readonly string[];
}

/** What episodes of one policy say together. */
export interface Score {
  readonly episodes: number;
  readonly successes: number;
  /** Share of the episodes, with Wilson's interval. */
  readonly successRate: Estimate;
  /** Successes per hour of robot time, resets included, with a bootstrap interval over episodes. */
  readonly throughput: Estimate;
  /** Of each success in seconds, in the order of the episodes. */
  readonly timesToSuccess: readonly number[];
  /** Their median; null without a success. */
  readonly medianTimeToSuccess: number | null;
}

export interface Evaluation {
  readonly policy: string;
  readonly resetSeconds: number;
  readonly total: Score;
  readonly byTask: Readonly<Record<string, Score>>;
  /** Over all episodes; absent where no chunk took over from another. */
  readonly jumps?: Jumps;
  readonly runs: readonly EvaluatedEpisode[];
  /** Episodes that could not be run to their end; they count nowhere else. */
  readonly lost: readonly Lost[];
}

/** A policy against a baseline on the same episodes. */
export interface Comparison {
  /** Episodes that both ran. */
  readonly episodes: number;
  /** Success rate minus the baseline's, with a paired bootstrap interval. */
  readonly successDifference: Estimate;
  /** Episodes that only one of both solved, and McNemar's exact two-sided p. */
  readonly onlyPolicy: number;
  readonly onlyBaseline: number;
  readonly p: number;
  /**
   * Throughput divided by the baseline's, with a paired bootstrap interval; null where the baseline never succeeded. Its upper end is
   * infinite (null in JSON) where the baseline may succeed too rarely to tell.
   */
  readonly throughputRatio: Estimate | null;
  /** Failures divided by the baseline's, likewise; null where the baseline never failed. */
  readonly failureRatio: Estimate | null;
}

/** Runs the episodes and scores them. The intervals' randomness comes from `seed`. */
export async function evaluatePolicy(options: EvaluationOptions): Promise<Evaluation> {
  const {
    task: tasks,
    difficulty,
    randomise,
    episodes,
    seed,
    workers,
    resetSeconds,
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
      else {
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
  const scoreOf = (some: readonly EvaluatedEpisode[]) => score(some, resetSeconds, random(seed).split("bootstrap"));
  const jumped = summarise(jumps);
  const ran = tasks.filter((task) => runs.some((run) => run.task === task));
  return {
    policy: options.policy,
    resetSeconds,
    total: scoreOf(runs),
    byTask: Object.fromEntries(ran.map((task) => [task, scoreOf(runs.filter((run) => run.task === task))])),
    ...(jumped && { jumps: jumped }),
    runs,
    lost,
  };
}

function evaluated({ task, difficulty, randomise, seed, result }: Finished): EvaluatedEpisode {
  const troubles = result.troubles.map(({ step, kind, message }) => `${kind} at period ${step}: ${message}`);
  return {
    task,
    difficulty,
    randomise,
    seed,
    success: result.outcome === "success",
    seconds: result.seconds,
    troubles,
  };
}

type Outcome = Pick<EvaluatedEpisode, "success" | "seconds">;

/** Scores episodes; at least one. */
export function score(runs: readonly Outcome[], resetSeconds: number, random: Random): Score {
  const times = runs.filter(({ success }) => success).map(({ seconds }) => seconds);
  const sorted = times.toSorted((a, b) => a - b);
  return {
    episodes: runs.length,
    successes: times.length,
    successRate: wilson(times.length, runs.length),
    throughput: bootstrap(runs, (some) => throughput(some, resetSeconds), random),
    timesToSuccess: times,
    medianTimeToSuccess: times.length > 0 ? quantile(sorted, 0.5) : null,
  };
}

/** Successes per hour of robot time, `resetSeconds` after each episode included. */
export function throughput(runs: readonly Outcome[], resetSeconds: number): number {
  const seconds = runs.reduce((sum, run) => sum + run.seconds + resetSeconds, 0);
  return (3600 * successesOf(runs)) / seconds;
}

const successesOf = (runs: readonly Outcome[]) => runs.reduce((sum, { success }) => sum + Number(success), 0);

/** The same episode by the policy and by the baseline. */
type Pair = readonly [Outcome, Outcome];

/** The part of an evaluation that a comparison needs. */
export type ComparedEvaluation = Pick<Evaluation, "policy" | "resetSeconds"> & {
  readonly runs: readonly Omit<EvaluatedEpisode, "troubles">[];
};

/**
 * Compares two evaluations on the episodes that both have. These begin alike. The intervals' randomness comes from `seed`.
 * @throws Error where they have no episode in common
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
  const generator = random(seed).split("comparison");
  const sides = (some: readonly Pair[]) => [some.map(([run]) => run), some.map(([, other]) => other)] as const;
  const difference = (some: readonly Pair[]) => {
    const [ours, theirs] = sides(some);
    return (successesOf(ours) - successesOf(theirs)) / some.length;
  };
  const ratio = (some: readonly Pair[]) => {
    const [ours, theirs] = sides(some);
    return throughput(ours, policy.resetSeconds) / throughput(theirs, baseline.resetSeconds);
  };
  const failures = (some: readonly Pair[]) => {
    const [ours, theirs] = sides(some);
    return (some.length - successesOf(ours)) / (some.length - successesOf(theirs));
  };
  const [onlyPolicy, onlyBaseline] = [
    pairs.filter(([run, other]) => run.success && !other.success).length,
    pairs.filter(([run, other]) => !run.success && other.success).length,
  ];
  return {
    episodes: pairs.length,
    successDifference: bootstrap(pairs, difference, generator),
    onlyPolicy,
    onlyBaseline,
    p: mcnemar(onlyPolicy, onlyBaseline),
    throughputRatio: pairs.some(([, other]) => other.success) ? bootstrap(pairs, ratio, generator) : null,
    failureRatio: pairs.some(([, other]) => !other.success) ? bootstrap(pairs, failures, generator) : null,
  };
}
