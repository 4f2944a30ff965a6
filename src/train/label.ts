// Labels a dataset by a value function: values of all frames, N-step advantages, a threshold for each task, advantage indicators
// (arXiv 2511.14759, section IV-B). What a person did is positive. Labels are files beside the data; the data is not changed.
import { type AdvantageLabels, type LeRobotDataset, openDataset, readLabels, writeLabels } from "../data/index.ts";
import {
  advantageIndicators,
  advantages,
  normalizedRewards,
  returns,
  rewards,
  taskThresholds,
} from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import { type LabelOptions, labelOptions } from "./options.ts";
import { numbersOf, openTrainingData } from "./training-data.ts";
import type { LabelListener, ValueSource } from "./value-source.ts";
import { scaleOf } from "./value-targets.ts";

/** The positive frames of a task. */
export interface TaskLabels {
  readonly task: string;
  /** ε. */
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
}

/**
 * Labels every frame of a dataset by its values, and writes the returns too, as kind "returns" with the same tag.
 * @throws Error if the values are not for these features or tasks
 */
export async function labelDataset(
  input: LabelInput & { readonly values: ValueSource } & LabelListener,
): Promise<LabelReport> {
  const options = labelOptions.parse(input.options ?? {});
  const data = await openTrainingData([{ root: input.dataset }]);
  try {
    const scales = await input.values.scales();
    for (const task of data.tasks) scaleOf(scales, task);
    const values = await input.values.of(data, options, input);
    const lookahead =
      options.lookahead === undefined ? Infinity : Math.max(1, Math.round(options.lookahead * data.datasets[0]!.fps));
    const parts = data.episodes.map((episode, at) => {
      const scale = scaleOf(scales, episode.task);
      const raw = rewards(episode.length, episode.success, scale.failureCost);
      return episodeLabels(episode.episode, raw, normalizedRewards(raw, scale), values[at]!, lookahead);
    });
    const prompt = data.episodes.flatMap(({ task, length }) => new Array<string>(length).fill(task));
    const dataset = data.datasets[0]!;
    const labels = concatenated(parts);
    const thresholds = thresholdsByTask([{ dataset, labels }], options, input.fractions);
    const [all, report] = await thresholded(dataset, labels, thresholds, options);
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
    await data.close();
  }
}

/**
 * Labels datasets again, by the advantages stored under the tag `from`. It needs no value function. A task has one threshold over all of
 * the datasets.
 * @returns a report for each
 */
export async function relabelDatasets(
  input: Omit<LabelInput, "dataset"> & { readonly datasets: readonly string[]; readonly from: string },
): Promise<LabelReport[]> {
  const options = labelOptions.parse(input.options ?? {});
  const opened: LeRobotDataset[] = [];
  try {
    for (const root of input.datasets) opened.push(await openDataset(root, { usualNames: true }));
    const parts = await Promise.all(
      opened.map(async (dataset) => ({ dataset, labels: await readLabels(dataset.root, "advantages", input.from) })),
    );
    const thresholds = thresholdsByTask(parts, options, input.fractions);
    const reports: LabelReport[] = [];
    for (const { dataset, labels } of parts) {
      const [all, report] = await thresholded(dataset, labels, thresholds, options);
      await writeLabels(dataset.root, "advantages", options.tag, all);
      reports.push(report);
    }
    return reports;
  } finally {
    for (const dataset of opened) await dataset.close();
  }
}

type Advantages = Omit<AdvantageLabels, "advantage">;

interface EpisodeLabels extends Advantages {
  readonly rawRewards: Float64Array;
  readonly rawReturns: Float64Array;
}

function episodeLabels(
  episode: number,
  raw: Float64Array,
  normalized: Float64Array,
  values: Float64Array,
  lookahead: number,
): EpisodeLabels {
  const length = raw.length;
  const sums = (of: Float64Array) => {
    const toEnd = returns(of);
    return Float32Array.from(toEnd, (sum, frame) => sum - (toEnd[frame + lookahead] ?? 0));
  };
  return {
    episode_index: new Int32Array(length).fill(episode),
    frame_index: Int32Array.from({ length }, (_, frame) => frame),
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

function concatenated(parts: readonly EpisodeLabels[]): Advantages {
  const floats = (of: (part: EpisodeLabels) => Float32Array) =>
    Float32Array.from(parts.flatMap((part) => [...of(part)]));
  const integers = (of: (part: EpisodeLabels) => Int32Array) => Int32Array.from(parts.flatMap((part) => [...of(part)]));
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

/** The task of each row. */
function tasksOf({ episodes }: LeRobotDataset, { episode_index }: Advantages): string[] {
  const taskOf = new Map(episodes.map(({ index, tasks }) => [index, tasks[0] ?? ""]));
  return Array.from(episode_index, (episode) => taskOf.get(episode)!);
}

/** ε of each task, from its frames in all of the datasets. */
function thresholdsByTask(
  parts: readonly { readonly dataset: LeRobotDataset; readonly labels: Advantages }[],
  options: LabelOptions,
  fractions: Readonly<Record<string, number>> = {},
): ReadonlyMap<string, number> {
  const names = [...new Set(parts.flatMap(({ dataset }) => dataset.episodes.map(({ tasks }) => tasks[0] ?? "")))];
  const unknown = Object.keys(fractions).find((task) => !names.includes(task));
  if (unknown !== undefined)
    throw new PistarError(
      "bad-option",
      `${parts.map(({ dataset }) => dataset.root).join(", ")}: expected shares of the tasks ${names.join("; ")}, got one of ${JSON.stringify(unknown)}`,
    );
  const number = new Map(names.map((name, task) => [name, task]));
  const thresholds = taskThresholds(
    Float32Array.from(parts.flatMap(({ labels }) => [...labels.advantage_continuous])),
    parts.flatMap(({ dataset, labels }) => tasksOf(dataset, labels).map((task) => number.get(task)!)),
    new Map(names.map((name, task) => [task, fractions[name] ?? options.positiveFraction])),
  );
  return new Map([...thresholds].map(([task, threshold]) => [names[task]!, threshold]));
}

/** The labels with their indicators, and a report of each task. */
async function thresholded(
  dataset: LeRobotDataset,
  labels: Advantages,
  thresholds: ReadonlyMap<string, number>,
  options: LabelOptions,
): Promise<[AdvantageLabels, LabelReport]> {
  const named = tasksOf(dataset, labels);
  const names = [...new Set(named)];
  const tasks = Int32Array.from(named, (name) => names.indexOf(name));
  const found = labels.advantage_continuous;
  const forced = options.forceInterventions ? await interventions(dataset, labels) : undefined;
  const byNumber = new Map(names.map((name, task) => [task, thresholds.get(name)!]));
  const advantage = advantageIndicators(found, tasks, byNumber, forced);
  const report = names.map((task, at): TaskLabels => {
    const rows = [...tasks.keys()].filter((row) => tasks[row] === at);
    const mean = rows.reduce((sum, row) => sum + found[row]!, 0) / rows.length;
    return {
      task,
      threshold: thresholds.get(task)!,
      frames: rows.length,
      positive: rows.filter((row) => advantage[row] === 1).length,
      forced: rows.filter((row) => forced?.[row] === 1).length,
      spread: Math.sqrt(rows.reduce((sum, row) => sum + (found[row]! - mean) ** 2, 0) / rows.length),
    };
  });
  return [
    { ...labels, advantage },
    { tag: options.tag, tasks: report },
  ];
}

/** LeRobot's and Evo-RL's names for "a person acted". */
const interventionColumns = ["complementary_info.is_intervention", "intervention"] as const;

/** The dataset's column of frames in which a person acted, if there is one. */
export const interventionColumn = ({ features }: Pick<LeRobotDataset, "features">): string | undefined =>
  interventionColumns.find((name) => features.has(name));

/** [rows], 1 where a person acted. All 0 for a dataset without such a column. */
async function interventions(
  dataset: LeRobotDataset,
  { episode_index, frame_index }: Pick<AdvantageLabels, "episode_index" | "frame_index">,
): Promise<Uint8Array> {
  const column = interventionColumn(dataset);
  if (column === undefined) return new Uint8Array(episode_index.length);
  const flags = new Map<number, Float64Array>();
  for (const episode of new Set(episode_index))
    flags.set(episode, numbersOf((await dataset.columns(episode, [column])).get(column))!);
  return Uint8Array.from(episode_index, (episode, row) => (flags.get(episode)![frame_index[row]!]! > 0.5 ? 1 : 0));
}
