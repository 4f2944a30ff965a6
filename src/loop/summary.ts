// The results of a run of RECAP as plain data. They are kept as summary.json, the source of the report.
import * as z from "zod";
import type { Estimate } from "../rollout/index.ts";
import { anyNumber } from "../system/index.ts";
import type { LabelReport, PolicyResult, ValueResult } from "../train/index.ts";

/** The evaluation of one arm's policy on a task. */
export interface ArmResult {
  /** Name of the arm: "sft", "recap", or a control's (extraction/controls.ts). */
  readonly arm: string;
  /** 0 for SFT on demonstrations, k after the k-th iteration. */
  readonly iteration: number;
  readonly episodes: number;
  readonly successes: number;
  /** Share of successes, 0 to 1. */
  readonly successRate: Estimate;
  /** Successes per hour of robot time, resets included. */
  readonly throughput: Estimate;
  /** Seconds of each success. */
  readonly timesToSuccess: readonly number[];
  /** Against SFT on the same seeds; absent for SFT. */
  readonly againstSft?: Paired;
  /** On the episodes that it and SFT both solve; absent for SFT, and in summaries of earlier versions. */
  readonly bothSolved?: BothSolved;
  /** Of RECAP: against its policy of the iteration before, on the same seeds. Before the first iteration that is SFT's. */
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
  /** Two-sided exact p of McNemar's test on the episodes that only one of the two solved. */
  readonly p: number;
  /** Ratio of the throughputs; null if the other policy never succeeded. */
  readonly throughputRatio: Estimate | null;
  /** Ratio of the failures; null if the other policy never failed. */
  readonly failureRatio: Estimate | null;
}

const count = z.int().min(0);

export const gainSchema = z.object({
  iteration: count,
  source: z.enum(["demonstrations", "autonomous", "corrected"]),
  episodes: count,
  successes: count,
});
/** Episodes added to a task's dataset by one collection. */
export type Gain = Readonly<z.infer<typeof gainSchema>>;

/** The check of an iteration's value function, before its labels are used. */
export interface ValueSummary {
  readonly iteration: number;
  /** On held-out episodes, of the chosen checkpoint, in nats. */
  readonly heldOutCrossEntropy: number;
  /** Mean absolute error of held-out values, and of the mean return by time. Both in normalised returns. */
  readonly heldOutError: number;
  readonly baselineError: number;
  /** At the first frames of held-out episodes: mean value of successes minus that of failures. Null without both. */
  readonly firstFrameGap: number | null;
  /** Over pairs of a held-out success and failure, each in its middle: the share in which the success has the higher value. Null without both. */
  readonly auc: number | null;
  /** Standard deviation of return − value on held-out episodes, normalised. */
  readonly advantageSpread: number;
  /** In words; empty if all is well. */
  readonly warnings: readonly string[];
}

/** A fault of a training or an evaluation. */
export interface Warning {
  /** Name of the training, such as "pretrain/value" or "cube-in-bowl/1/recap". */
  readonly of: string;
  readonly text: string;
}

/** The positive frames of a task after an iteration. */
export interface LabelCount {
  readonly iteration: number;
  readonly threshold: number;
  readonly frames: number;
  readonly positive: number;
  /** Of them, the frames in which a person (or the supervisor) acted. */
  readonly forced: number;
}

/** One episode as the value function sees it. */
export interface Trace {
  readonly kind: "success" | "failure" | "corrected";
  readonly episode: number;
  readonly fps: number;
  readonly instruction: string;
  /** ε: advantages above it are labelled positive. Absent in summaries of earlier versions. */
  readonly threshold?: number | null;
  /** Per frame: value in normalised returns (−1 to 0), advantage, advantage indicator, and whether a person acted. */
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
  /** Of the task's policies. Those of its value functions are in `values`. */
  readonly warnings: readonly Warning[];
  readonly traces: readonly Trace[];
  /** Of some of the evaluation episodes; absent in summaries of earlier versions. */
  readonly films?: readonly Film[];
}

/** The learning curve of a training. */
export interface Curve {
  /** Such as "pretrain-policy" or "cube-in-bowl/1/value". */
  readonly stage: string;
  readonly points: readonly { readonly step: number; readonly train?: number; readonly heldOut?: number }[];
}

/** The part of every summary about the run itself. */
export interface RunRecord {
  readonly pistar: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly curves: readonly Curve[];
}

/** The summary of a run in simulation. */
export interface Summary extends RunRecord {
  /** Of pre-training. */
  readonly warnings: readonly Warning[];
  readonly tasks: readonly TaskSummary[];
}

/** A dataset of a run, with its labels. */
export interface DatasetSummary {
  /** Its folder. */
  readonly root: string;
  readonly episodes: number;
  readonly frames: number;
  readonly failures: number;
  /** Episodes without a recorded outcome. They count as successes. */
  readonly unsaid: number;
  /** Null until it is labelled. */
  readonly labels: LabelReport | null;
  readonly traces: readonly Trace[];
}

/** The summary of a run on existing datasets. Untrained parts are null. */
export interface DatasetsSummary extends RunRecord {
  readonly datasets: readonly DatasetSummary[];
  readonly value: Pick<ValueResult, "episodes" | "check" | "warnings"> | null;
  readonly policy: Pick<PolicyResult, "episodes" | "heldOut" | "warnings"> | null;
}
