// What a run of RECAP found: all that its report shows, as plain data that is kept as summary.json.
import * as z from "zod";
import type { Estimate } from "../rollout/index.ts";
import { anyNumber } from "../system/index.ts";
import type { LabelReport, PolicyResult, ValueResult } from "../train/index.ts";

/** How one policy did on the held-out episodes of a task. */
export interface ArmResult {
  /** The arm: "sft", "recap", or one of the controls ("all-data", "filtered", "awr", "no-corrections", "guided"). */
  readonly arm: string;
  /** 0 for what was trained on demonstrations alone, k after the k-th iteration. */
  readonly iteration: number;
  readonly episodes: number;
  readonly successes: number;
  /** Share of the episodes, from 0 to 1. */
  readonly successRate: Estimate;
  /** Successes per hour of robot time, resets included. */
  readonly throughput: Estimate;
  /** Of each success, seconds. */
  readonly timesToSuccess: readonly number[];
  /** On the same seeds, against the task's "sft" arm; absent for that arm itself. */
  readonly againstSft?: Paired;
  /** On the episodes that it and SFT both solve; absent for SFT, and in summaries of earlier versions. */
  readonly bothSolved?: BothSolved;
  /** Of RECAP: on the same seeds, against its policy of the iteration before, which is SFT's for the first. */
  readonly againstPrevious?: Paired;
  /** Of a control: RECAP's policy of the same iteration against it, on the same seeds. */
  readonly recapAgainst?: Paired;
}

/** Episodes that two policies both solve. */
export interface BothSolved {
  readonly episodes: number;
  /** Median times to success, seconds: of SFT, and of the policy. Null without such episodes. */
  readonly before: number | null;
  readonly after: number | null;
}

export interface Paired {
  /** Difference of the success rates, −1 to 1. */
  readonly successDifference: Estimate;
  /** Two-sided exact p of McNemar's test on the episodes that only one of both solved. */
  readonly p: number;
  /** Ratio of the throughputs; null where the other policy never succeeded. */
  readonly throughputRatio: Estimate | null;
  /** Ratio of the failures; null where the other policy never failed. */
  readonly failureRatio: Estimate | null;
}

const count = z.int().min(0);

export const gainSchema = z.object({
  iteration: count,
  source: z.enum(["demonstrations", "autonomous", "corrected"]),
  episodes: count,
  successes: count,
});
/** Episodes that a task's data set gained at once. */
export type Gain = Readonly<z.infer<typeof gainSchema>>;

/** What the checks of a value function said before its labels were used. */
export interface ValueSummary {
  readonly iteration: number;
  /** On held-out episodes, at the chosen checkpoint, nats. */
  readonly heldOutCrossEntropy: number;
  /** Mean absolute error of held-out values, and that of the mean return by time, both in normalised returns. */
  readonly heldOutError: number;
  readonly baselineError: number;
  /** Mean value of successes minus that of failures at held-out episodes' first frames; null where there are not both. */
  readonly firstFrameGap: number | null;
  /** Share of pairs of a held-out success and failure in which the success is valued higher, each in its middle; null where there are not both. */
  readonly auc: number | null;
  /** Standard deviation of return − value on held-out episodes, normalised. */
  readonly advantageSpread: number;
  /** In words; empty where all is well. */
  readonly warnings: readonly string[];
}

/** What the checks of a training or an evaluation found wrong. */
export interface Warning {
  /** Such as "pretrain/value" or "cube-in-bowl/1/recap". */
  readonly of: string;
  readonly text: string;
}

/** Which share of a task's frames became "positive". */
export interface LabelCount {
  readonly iteration: number;
  readonly threshold: number;
  readonly frames: number;
  readonly positive: number;
  /** Of the positive ones, those forced because a person (or the supervisor) acted. */
  readonly forced: number;
}

/** One episode under the value function. */
export interface Trace {
  readonly kind: "success" | "failure" | "corrected";
  readonly episode: number;
  readonly fps: number;
  readonly instruction: string;
  /** ε: advantages above it are labelled positive. Absent in summaries of earlier versions. */
  readonly threshold?: number | null;
  /** Per frame: value in normalised returns (−1 to 0), advantage, the word, and whether a person acted. */
  readonly values: readonly number[];
  readonly advantages: readonly number[];
  readonly positive: readonly boolean[];
  readonly intervention: readonly boolean[];
  /** Some of the frames, evenly spread: index and a PNG as base64. */
  readonly pictures: readonly { readonly frame: number; readonly png: string }[];
}

const filmedEpisodeSchema = z.object({
  arm: z.string(),
  iteration: count,
  success: z.boolean(),
  /** Of the episode. */
  seconds: z.number(),
  /** Pictures a second. */
  fps: z.number().gt(0),
  /** At each picture, in normalised returns (−1 to 0). */
  values: z.array(anyNumber).readonly(),
  /** WebP with all pictures, row by row; its path in the run's folder. */
  sheet: z.string(),
  /** Pictures in a row of the sheet. */
  columns: z.int().min(1),
});
/** An evaluated episode run again to be seen. */
export type FilmedEpisode = Readonly<z.infer<typeof filmedEpisodeSchema>>;

export const filmSchema = z.object({
  seed: z.int(),
  instruction: z.string(),
  before: filmedEpisodeSchema.readonly(),
  after: filmedEpisodeSchema.readonly(),
});
/** One held-out episode by two policies: SFT's and RECAP's last. */
export type Film = Readonly<z.infer<typeof filmSchema>>;

export interface TaskSummary {
  readonly task: string;
  readonly description: string;
  /** How far objects were spread over the table, 0 to 1. */
  readonly difficulty: number;
  readonly results: readonly ArmResult[];
  readonly gains: readonly Gain[];
  readonly values: readonly ValueSummary[];
  readonly labels: readonly LabelCount[];
  /** Of its policies; those of its value functions are in `values`. */
  readonly warnings: readonly Warning[];
  readonly traces: readonly Trace[];
  /** Of some of the evaluation episodes; absent in summaries of earlier versions. */
  readonly films?: readonly Film[];
}

/** A training's course. */
export interface Curve {
  /** Such as "pretrain-policy" or "cube-in-bowl/1/value". */
  readonly stage: string;
  readonly points: readonly { readonly step: number; readonly train?: number; readonly heldOut?: number }[];
}

/** What the summaries of all runs say of the run itself. */
export interface RunRecord {
  readonly pistar: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly curves: readonly Curve[];
}

/** Of a run in simulation. */
export interface Summary extends RunRecord {
  /** Of pre-training. */
  readonly warnings: readonly Warning[];
  readonly tasks: readonly TaskSummary[];
}

/** A dataset that a run was given, and what it says of its frames. */
export interface DatasetSummary {
  /** Its folder. */
  readonly root: string;
  readonly episodes: number;
  readonly frames: number;
  readonly failures: number;
  /** Episodes that do not say whether they succeeded, which are taken for successes. */
  readonly unsaid: number;
  /** Null until it is labelled. */
  readonly labels: LabelReport | null;
  readonly traces: readonly Trace[];
}

/** Of a run on existing datasets; what is null has not been trained yet. */
export interface DatasetsSummary extends RunRecord {
  readonly datasets: readonly DatasetSummary[];
  readonly value: Pick<ValueResult, "episodes" | "check" | "warnings"> | null;
  readonly policy: Pick<PolicyResult, "episodes" | "heldOut" | "warnings"> | null;
}
