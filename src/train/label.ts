// Labels a dataset by a value function: values of all frames, N-step advantages, a threshold for each task, advantage indicators
// (arXiv 2511.14759, section IV-B). What a person did is positive. Labels are files beside the data; the data is not changed.
import {
  type AdvantageLabels,
  type LeRobotDataset,
  openDataset,
  readLabels,
  renaming,
  writeLabels,
} from "../data/index.ts";
import { advantageIndicators, advantages, returns } from "../recap/index.ts";
import { type RewardedPart, rewardsOfParts, withTakeOvers } from "./episode-parts.ts";
import { interventions } from "./interventions.ts";
import {
  type Advantages,
  chooseThresholds,
  type LabelledDataset,
  type Thresholds,
  tasksOf,
} from "./label-thresholds.ts";
import { type LabelOptions, labelOptions } from "./options.ts";
import { openTrainingData, type TrainingEpisode } from "./training-data.ts";
import type { LabelListener, ValueSource } from "./value-source.ts";
import { scaleOf } from "./value-targets.ts";

/** The positive frames of a task. */
export interface TaskLabels {
  readonly task: string;
  /** ε; the mean over the frames if the task's sources have their own. */
  readonly threshold: number;
  readonly frames: number;
  readonly positive: number;
  /** Of them, the frames in which a person acted. */
  readonly forced: number;
  /** Standard deviation of the advantages. */
  readonly spread: number;
}

export interface LabelReport {
  readonly tag: string;
  readonly tasks: readonly TaskLabels[];
}

export interface LabelInput {
  /** Folder of the dataset. */
  readonly dataset: string;
  readonly options?: Partial<LabelOptions>;
  /** Shares of single tasks, by instruction, in place of `positiveFraction`. */
  readonly fractions?: Readonly<Record<string, number>>;
  /** episode_index of the episodes to label (default: all). The others get no labels under this tag. */
  readonly episodes?: readonly number[];
}

/**
 * Labels every frame of the episodes by its values, and writes the returns too, as kind "returns" with the same tag.
 * @throws Error if the values are not for these features or tasks
 */
export async function labelDataset(
  input: LabelInput & { readonly values: ValueSource } & LabelListener,
): Promise<LabelReport> {
  const options = labelOptions.parse(input.options ?? {});
  const opened = await openTrainingData([chosen(input)], "all", options.rename);
  try {
    const data = options.takeOver === "goes-on" ? opened : await withTakeOvers(opened);
    const scales = await input.values.scales();
    for (const task of data.tasks) scaleOf(scales, task);
    const values = await input.values.of(data, options, input);
    const lookahead =
      options.lookahead === undefined ? Infinity : Math.max(1, Math.round(options.lookahead * data.datasets[0]!.fps));
    const parts = data.episodes.flatMap((episode, at) => {
      const of = rewardsOfParts(episode, scaleOf(scales, episode.task), options.takeOver, values[at]!);
      return of.map((part) => partLabels(episode.episode, part, values[at]!, lookahead));
    });
    const prompt = data.episodes.flatMap(({ task, length }) => new Array<string>(length).fill(task));
    const dataset = data.datasets[0]!;
    const labels = concatenated(parts);
    const thresholds = await chooseThresholds([{ dataset, labels }], options, input.fractions);
    const [all, report] = await thresholded({ dataset, labels }, thresholds, options);
    const returnLabels = {
      episode_index: all.episode_index,
      frame_index: all.frame_index,
      return: Float32Array.from(parts.flatMap(({ rawReturns }) => [...rawReturns])),
      reward: Float32Array.from(parts.flatMap(({ rawRewards }) => [...rawRewards])),
      prompt,
    };
    await writeLabels(input.dataset, "returns", options.tag, returnLabels);
    await writeLabels(input.dataset, "advantages", options.tag, all);
    return report;
  } finally {
    await opened.close();
  }
}

const chosen = ({ dataset: root, episodes }: Pick<LabelInput, "dataset" | "episodes">) => ({
  root,
  ...(episodes && { episodes }),
});

/** An episode with the values of its frames. */
export interface ValuedEpisode extends Pick<TrainingEpisode, "episode" | "length" | "task" | "success"> {
  /** V of each frame, −1 to 0, [length]. */
  readonly values: Float64Array;
}

/** The values of a dataset's episodes. @throws Error if the values are not for these features or tasks */
export async function valueEpisodes(
  input: Omit<LabelInput, "fractions"> & { readonly values: ValueSource } & LabelListener,
): Promise<ValuedEpisode[]> {
  const options = labelOptions.parse(input.options ?? {});
  const data = await openTrainingData([chosen(input)], "all", options.rename);
  try {
    const values = await input.values.of(data, options, input);
    return data.episodes.map((episode, at) => ({ ...episode, values: values[at]! }));
  } finally {
    await data.close();
  }
}

/**
 * Labels datasets again, by the advantages stored under the tag `from`. It needs no value function. A task has one threshold over all of
 * the datasets.
 * @returns a report for each
 */
export async function relabelDatasets(
  input: Omit<LabelInput, "dataset" | "episodes"> & { readonly datasets: readonly string[]; readonly from: string },
): Promise<LabelReport[]> {
  const options = labelOptions.parse(input.options ?? {});
  const opened: LeRobotDataset[] = [];
  try {
    const names = { usualNames: true, rename: renaming(options.rename ?? []) };
    for (const root of input.datasets) opened.push(await openDataset(root, names));
    const parts = await Promise.all(
      opened.map(async (dataset) => ({ dataset, labels: await readLabels(dataset.root, "advantages", input.from) })),
    );
    const thresholds = await chooseThresholds(parts, options, input.fractions);
    const reports: LabelReport[] = [];
    for (const part of parts) {
      const [all, report] = await thresholded(part, thresholds, options);
      await writeLabels(part.dataset.root, "advantages", options.tag, all);
      reports.push(report);
    }
    return reports;
  } finally {
    for (const dataset of opened) await dataset.close();
  }
}

interface PartLabels extends Advantages {
  readonly rawRewards: Float64Array;
  readonly rawReturns: Float64Array;
}

/** @param all V of the whole episode's frames */
function partLabels(
  episode: number,
  { begin, end, raw, normalized }: RewardedPart,
  all: Float64Array,
  lookahead: number,
): PartLabels {
  const length = raw.length;
  const values = all.subarray(begin, end);
  const sums = (of: Float64Array) => {
    const toEnd = returns(of);
    return Float32Array.from(toEnd, (sum, frame) => sum - (toEnd[frame + lookahead] ?? 0));
  };
  return {
    episode_index: new Int32Array(length).fill(episode),
    frame_index: Int32Array.from({ length }, (_, frame) => begin + frame),
    advantage_continuous: Float32Array.from(advantages(normalized, values, lookahead)),
    value_current: Float32Array.from(values),
    value_next: Float32Array.from({ length }, (_, frame) => values[frame + lookahead] ?? 0),
    reward_sum: sums(normalized),
    reward_sum_raw: sums(raw),
    num_valid_rewards: Int32Array.from({ length }, (_, frame) => Math.min(lookahead, length - frame)),
    rawRewards: raw,
    rawReturns: returns(raw),
  };
}

function concatenated(parts: readonly PartLabels[]): Advantages {
  const floats = (of: (part: PartLabels) => Float32Array) => Float32Array.from(parts.flatMap((part) => [...of(part)]));
  const integers = (of: (part: PartLabels) => Int32Array) => Int32Array.from(parts.flatMap((part) => [...of(part)]));
  return {
    episode_index: integers((part) => part.episode_index),
    frame_index: integers((part) => part.frame_index),
    advantage_continuous: floats((part) => part.advantage_continuous),
    value_current: floats((part) => part.value_current),
    value_next: floats((part) => part.value_next),
    reward_sum: floats((part) => part.reward_sum),
    reward_sum_raw: floats((part) => part.reward_sum_raw),
    num_valid_rewards: integers((part) => part.num_valid_rewards),
  };
}

/** The labels with their indicators, and a report of each task. */
async function thresholded(
  { dataset, labels }: LabelledDataset,
  thresholds: Thresholds,
  options: LabelOptions,
): Promise<[AdvantageLabels, LabelReport]> {
  const groups = await thresholds.groupsOf(dataset, labels);
  const numbers = new Map([...thresholds.epsilon.keys()].map((group, number) => [group, number]));
  const byNumber = new Map([...thresholds.epsilon.values()].entries());
  const found = labels.advantage_continuous;
  const forced = options.forceInterventions ? await interventions(dataset, labels) : undefined;
  const advantage = advantageIndicators(
    found,
    groups.map((group) => numbers.get(group)!),
    byNumber,
    forced,
  );
  const named = tasksOf(dataset, labels);
  const report = [...new Set(named)].map((task): TaskLabels => {
    const rows = [...named.keys()].filter((row) => named[row] === task);
    const mean = (of: (row: number) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
    const middle = mean((row) => found[row]!);
    const own = new Set(rows.map((row) => thresholds.epsilon.get(groups[row]!)!));
    return {
      task,
      threshold: own.size === 1 ? [...own][0]! : mean((row) => thresholds.epsilon.get(groups[row]!)!),
      frames: rows.length,
      positive: rows.filter((row) => advantage[row] === 1).length,
      forced: rows.filter((row) => forced?.[row] === 1).length,
      spread: Math.sqrt(mean((row) => (found[row]! - middle) ** 2)),
    };
  });
  return [
    { ...labels, advantage },
    { tag: options.tag, tasks: report },
  ];
}
