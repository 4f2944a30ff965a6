// The audited moments of a dataset: value, advantage and label of each beside the truth.
import { type AdvantageLabels, type LeRobotDataset, openDataset, readLabels } from "../data/index.ts";
import type { TaskScales } from "../policy/index.ts";
import { advantages, normalizedReturns, normalizedRewards, returns, rewards, type TaskScale } from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import { type LabelListener, succeeded, type ValueSource, valueEpisodes } from "../train/index.ts";
import { clockWithout } from "./clock.ts";
import { type MomentSource, sourcesOf } from "./moment-sources.ts";
import type { RunRound } from "./runs-file.ts";
import { type Halves, whole } from "./split-halves.ts";
import { betweenMoments, type EpisodeTruth, episodeTruths } from "./truth.ts";

/** The label of a moment's frame. "forced": a correction, positive because a person acted. */
export type MomentLabel = "positive" | "negative" | "forced";

/** One audited moment. Values and advantages are in normalised returns, −1 to 0. */
export interface AuditedMoment {
  readonly episode: number;
  readonly frame: number;
  readonly source: MomentSource;
  /** Whether the episode succeeded. */
  readonly success: boolean;
  /** V. */
  readonly value: number;
  readonly trueValue: Halves;
  /** Runs behind the true value. */
  readonly runs: number;
  /** The recorded return, a single sample. Whoever acted in the episode earned it. */
  readonly returned: number;
  /** The value by a clock without this episode; NaN if its task has no other episode. */
  readonly clock: number;
  /** The advantage by V, and the true one. */
  readonly advantage: number;
  readonly trueAdvantage: Halves;
  /** Absent without labels. */
  readonly label?: MomentLabel;
}

export interface AuditedDataset {
  /** The dataset's folder. */
  readonly dataset: string;
  readonly rounds: readonly RunRound[];
  /** Scales, and without labels the values too. */
  readonly values: ValueSource;
  /** Tag of labels: their values, advantages and indicators are audited. */
  readonly labels?: string | undefined;
  /** Lookahead N of the advantages in seconds (default: the labels', else 1). */
  readonly lookahead?: number | undefined;
}

export interface AuditedMoments {
  readonly moments: readonly AuditedMoment[];
  /** Seconds; Infinity for the whole episode. */
  readonly lookahead: number;
  /** Episodes of the labels, or of the dataset. Not all need be audited. */
  readonly episodes: number;
  readonly fps: number;
}

/**
 * Puts values, labels and truth together.
 * @throws PistarError missing-file if there are no such labels; bad-option if no episode is audited
 */
export async function auditedMoments(input: AuditedDataset & LabelListener): Promise<AuditedMoments> {
  const { rounds, labels: tag } = input;
  const dataset = await openDataset(input.dataset, { usualNames: true });
  try {
    const scales = await input.values.scales();
    const read = tag === undefined ? undefined : await readLabels(dataset.root, "advantages", tag);
    const labels = read && byEpisode(read);
    const known = dataset.episodes.filter(({ index }) => labels?.has(index) ?? true).map(({ index }) => index);
    const truths = episodeTruths(
      rounds.filter(({ episode }) => known.includes(episode)),
      (episode) => scaleOf(dataset, scales, episode),
    );
    if (truths.length === 0)
      throw new PistarError(
        "bad-option",
        `${dataset.root}: expected at least one audited episode, got none: raise --budget`,
      );
    const audited = truths.map(({ episode }) => episode);
    const values = labels
      ? new Map(audited.map((episode) => [episode, Float64Array.from(labels.get(episode)!.map(({ value }) => value))]))
      : new Map((await valueEpisodes({ ...input, episodes: audited })).map(({ episode, values }) => [episode, values]));
    const ofLabels = read?.num_valid_rewards.reduce((most, steps) => Math.max(most, steps), 1);
    const lookahead =
      input.lookahead === undefined
        ? (ofLabels ?? Math.round(dataset.fps))
        : Math.max(1, Math.round(input.lookahead * dataset.fps));
    const longest = Math.max(...known.map((episode) => dataset.episodes[episode]!.length));
    const recorded = known.map((episode) => ({ episode, ...recordedReturns(dataset, scales, episode) }));
    const clock = clockWithout(recorded);
    const returned = new Map(recorded.map(({ episode, returns }) => [episode, returns]));
    const moments: AuditedMoment[] = [];
    for (const truth of truths) {
      const { episode } = truth;
      const sources = await sourcesOf(dataset, episode);
      const found = advantagesOf(dataset, scales, truth, values.get(episode)!, lookahead);
      for (const [i, frame] of truth.frames.entries()) {
        const label = labels?.get(episode)?.[frame];
        const source = sources[frame]!;
        moments.push({
          episode,
          frame,
          source,
          success: succeeded(dataset.episodes[episode]!),
          value: values.get(episode)![frame]!,
          trueValue: truth.values[i]!,
          runs: truth.runs[i]!,
          returned: returned.get(episode)![frame]!,
          clock: clock(episode, frame),
          advantage: label && lookahead === ofLabels ? label.advantage : found.estimated[frame]!,
          trueAdvantage: [found.halves[0][frame]!, found.halves[1][frame]!],
          ...(label && { label: labelOf(label.positive, source) }),
        });
      }
    }
    return {
      moments,
      lookahead: lookahead >= longest ? Infinity : lookahead / dataset.fps,
      episodes: known.length,
      fps: dataset.fps,
    };
  } finally {
    await dataset.close();
  }
}

const labelOf = (positive: boolean, source: MomentSource): MomentLabel =>
  positive ? (source === "correction" ? "forced" : "positive") : "negative";

interface FrameLabel {
  readonly value: number;
  readonly advantage: number;
  readonly positive: boolean;
}

/** The labels of each episode's frames. Episodes that are labelled in part are left out. */
function byEpisode(labels: AdvantageLabels): Map<number, FrameLabel[]> {
  const found = new Map<number, FrameLabel[]>();
  for (const [row, episode] of labels.episode_index.entries()) {
    const frames = found.get(episode) ?? [];
    found.set(episode, frames);
    frames[labels.frame_index[row]!] = {
      value: labels.value_current[row]!,
      advantage: labels.advantage_continuous[row]!,
      positive: labels.advantage[row] === 1,
    };
  }
  return found;
}

function scaleOf({ episodes, root }: LeRobotDataset, scales: TaskScales, episode: number): TaskScale {
  const task = episodes[episode]!.tasks[0] ?? "";
  const scale = scales[task];
  if (scale) return scale;
  throw new PistarError(
    "wrong-layout",
    `${root}: expected a value function that knows the task ${JSON.stringify(task)}, got one of ${Object.keys(scales).join("; ")}`,
    { path: root },
  );
}

const rewardsOf = (dataset: LeRobotDataset, scales: TaskScales, episode: number) => {
  const { length } = dataset.episodes[episode]!;
  const success = succeeded(dataset.episodes[episode]!);
  const scale = scaleOf(dataset, scales, episode);
  return { length, success, scale, raw: rewards(length, success, scale.failureCost) };
};

function recordedReturns(dataset: LeRobotDataset, scales: TaskScales, episode: number) {
  const { success, scale, raw } = rewardsOf(dataset, scales, episode);
  return { task: dataset.episodes[episode]!.tasks[0] ?? "", returns: normalizedReturns(returns(raw), success, scale) };
}

/** The N-step advantages of an episode's frames, by V and by each half of the truth. */
function advantagesOf(
  dataset: LeRobotDataset,
  scales: TaskScales,
  { episode, frames, values: truth }: EpisodeTruth,
  values: Float64Array,
  lookahead: number,
) {
  const { length, success, scale, raw } = rewardsOf(dataset, scales, episode);
  const normalized = normalizedRewards(raw, scale);
  const half = (which: 0 | 1) => {
    const known = truth.map((halves) => halves[which]);
    return advantages(normalized, betweenMoments(frames, known, { length, success }), lookahead);
  };
  return { estimated: advantages(normalized, values, lookahead), halves: [half(0), half(1)] as const };
}

/** The moments as CSV, one a line. */
export function momentsCsv(moments: readonly AuditedMoment[]): string {
  const header =
    "episode,frame,source,success,value,true_value,true_value_1,true_value_2,runs,return,clock,advantage,true_advantage,true_advantage_1,true_advantage_2,label";
  const digits = (x: number) => (Number.isFinite(x) ? String(Number(x.toFixed(5))) : "");
  const rows = moments.map((m) =>
    [
      m.episode,
      m.frame,
      m.source,
      m.success,
      ...[m.value, whole(m.trueValue), ...m.trueValue].map(digits),
      m.runs,
      ...[m.returned, m.clock, m.advantage, whole(m.trueAdvantage), ...m.trueAdvantage].map(digits),
      m.label ?? "",
    ].join(","),
  );
  return `${[header, ...rows].join("\n")}\n`;
}
