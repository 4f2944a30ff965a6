// The values that labels are made from: of one value function, of several, or of a clock.
import {
  checkFeatures,
  findCheckpoint,
  isInFold,
  readValueDescription,
  readWeights,
  type TaskScales,
  type ValueDescription,
} from "../policy/index.ts";
import { expectedValues } from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import * as t from "../tensor/index.ts";
import { targetsOfParts } from "./episode-parts.ts";
import type { LabelOptions } from "./options.ts";
import { firstFrame, type TrainingData, type TrainingEpisode, trainingSources } from "./training-data.ts";
import { meanReturnByTime } from "./value-check.ts";
import { createValueJudge } from "./value-judge.ts";
import { scaleOf } from "./value-targets.ts";

/** Gives the value of every frame of a dataset. */
export interface ValueSource {
  /** The scale of each instruction: one unit of value in steps. */
  scales(): Promise<TaskScales>;
  /** V of each episode's frames, −1 to 0: [episodes] of [length]. */
  of(data: TrainingData, options: LabelOptions, listener: LabelListener): Promise<Float64Array[]>;
}

export interface LabelListener {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly onDecode?: ((done: number, total: number) => void) | undefined;
}

/**
 * The values of one or more value functions. An episode is valued by those that did not learn from it, if they were trained on folds
 * (`fold` of the training's options). If several value it, the option `combine` says what holds: their mean, or the lowest.
 *
 * @param checkpoints runs, checkpoints or their folders
 * @throws Error if features or tasks are not the dataset's, or if every value function has learned from an episode
 */
export function learnedValues(checkpoints: readonly string[]): ValueSource {
  const folders = checkpoints.map((path) => findCheckpoint(path, "best"));
  return {
    scales: async () => {
      const all = await Promise.all(folders.map(readValueDescription));
      return sameScales(all, folders);
    },
    async of(data, options, listener) {
      const found = data.episodes.map((): Float64Array[] => []);
      for (const [i, folder] of folders.entries()) {
        const description = await readValueDescription(folder);
        const unseen = [...data.episodes.keys()].filter(
          (at) => description.fold === undefined || isInFold(data.episodes[at]!, description.fold),
        );
        const onProgress = (done: number, total: number) =>
          listener.onProgress?.(i * total + done, folders.length * total);
        const episodes = unseen.map((at) => data.episodes[at]!);
        const values = await valuesOf(folder, data, episodes, options, { ...listener, onProgress });
        for (const [j, at] of unseen.entries()) found[at]!.push(values[j]!);
      }
      return found.map((values, at) => combined(values, options.combine, data.episodes[at]!));
    },
  };
}

/** V of the episodes' frames by one value function, whether it learned from them or not: [episodes] of [length]. */
export async function valuesOf(
  folder: string,
  data: TrainingData,
  episodes: readonly TrainingEpisode[],
  options: Pick<LabelOptions, "batchSize" | "device" | "threads" | "cache">,
  { onProgress, onDecode }: LabelListener,
): Promise<Float64Array[]> {
  const description = await readValueDescription(folder);
  const { config, robot } = description;
  checkFeatures(robot, data.datasets[0]!);
  const sources = await trainingSources(data, {
    cameras: robot.cameras,
    imageSize: config.vision.imageSize,
    cache: options.cache,
    onProgress: onDecode,
  });
  const store = t.createStore();
  await readWeights(folder, description, store);
  const judge = await createValueJudge(description, store, sources, options);
  const frames = episodes.flatMap((episode) =>
    Array.from({ length: episode.length }, (_, i) => ({
      source: episode.dataset,
      frame: firstFrame(sources[episode.dataset]!, episode) + i,
      draw: 0,
    })),
  );
  const all = expectedValues(await judge.distributions(frames, onProgress), config.bins);
  await judge.release();
  store.release();
  let at = 0;
  return episodes.map(({ length }) => {
    at += length;
    return all.slice(at - length, at);
  });
}

function combined(values: readonly Float64Array[], how: "mean" | "lowest", { episode }: TrainingEpisode): Float64Array {
  const [first] = values;
  if (!first)
    throw new PistarError(
      "bad-option",
      `Episode ${episode}: expected a value function that did not learn from it, got none: give one of every fold`,
    );
  return first.map((_, frame) => {
    const each = values.map((of) => of[frame]!);
    return how === "mean" ? each.reduce((sum, v) => sum + v, 0) / each.length : Math.min(...each);
  });
}

function sameScales(all: readonly ValueDescription[], folders: readonly string[]): TaskScales {
  const [first, ...others] = all.map(({ taskScales }) => taskScales);
  const other = others.findIndex((scales) => JSON.stringify(scales) !== JSON.stringify(first));
  if (other >= 0)
    throw new PistarError(
      "bad-option",
      `${folders[0]} and ${folders[other + 1]}: expected value functions with the same scales of tasks, got ` +
        `${JSON.stringify(first)} and ${JSON.stringify(others[other])}: train them on the same datasets`,
    );
  return first!;
}

/**
 * The values of a clock: the mean return of the task's episodes by time. Labels from it know the time and nothing of the actions.
 * @param scales of a value function, for the same unit
 */
export const clockValues = (scales: TaskScales): ValueSource => ({
  scales: async () => scales,
  of: async ({ episodes }) => {
    const mean = meanReturnByTime(episodes, (episode) => targetsOfParts(episode, scaleOf(scales, episode.task)));
    return episodes.map(({ task, length }) => Float64Array.from({ length }, (_, frame) => mean(task, frame)));
  },
});
