// The data of a training: one or more datasets or some of their episodes, and which of them are held out.
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import {
  type BatchSource,
  batchSource,
  type Column,
  type Episode,
  type FrameLabels,
  type LeRobotDataset,
  openDataset,
  renaming,
} from "../data/index.ts";
import { PistarError, type Random, random } from "../system/index.ts";

export interface TrainingDataset {
  /** Folder of a LeRobot dataset. */
  readonly root: string;
  /** episode_index of the episodes to use (default: all). */
  readonly episodes?: readonly number[];
  /** Share of the draws, relative to the other datasets (default: the number of frames). */
  readonly weight?: number;
}

/** An episode of one of the datasets. */
export interface TrainingEpisode {
  /** Position of its dataset in the list. */
  readonly dataset: number;
  readonly episode: number;
  readonly length: number;
  readonly task: string;
  readonly success: boolean;
  /** Frames at which a person took over, if they were asked for (`withTakeOvers`). */
  readonly takeOvers?: readonly number[];
}

export interface TrainingData {
  readonly given: readonly TrainingDataset[];
  readonly datasets: readonly LeRobotDataset[];
  readonly episodes: readonly TrainingEpisode[];
  /** Instructions of all episodes. */
  readonly tasks: readonly string[];
  close(): Promise<void>;
}

/** Which of the given episodes to learn from, by meta/episodes. Episodes without such columns are demonstrations. */
export const episodeChoices = ["all", "demonstrations", "successes", "uncorrected", "uncorrected-successes"] as const;
export type EpisodeChoice = (typeof episodeChoices)[number];

/**
 * Opens the datasets.
 * @param rename "stored=name": other names for columns of the files
 * @throws Error for a dataset without episodes, an episode that does not exist, or if no episode is left to learn from
 */
export async function openTrainingData(
  given: readonly TrainingDataset[],
  learnFrom: EpisodeChoice = "all",
  rename: readonly string[] = [],
): Promise<TrainingData> {
  if (given.length === 0) throw new PistarError("bad-option", "Expected at least one dataset to train on, got none");
  const datasets: LeRobotDataset[] = [];
  const close = async () => {
    for (const dataset of datasets) await dataset.close();
  };
  try {
    for (const { root } of given)
      datasets.push(await openDataset(root, { usualNames: true, rename: renaming(rename) }));
    const episodes = given.flatMap((chosen, dataset) => chosenEpisodes(chosen, datasets[dataset]!, dataset, learnFrom));
    if (episodes.length === 0)
      throw new PistarError(
        "bad-option",
        `${given.map(({ root }) => root).join(", ")}: expected ${learnFrom} to learn from, got none`,
      );
    return { given, datasets, episodes, tasks: [...new Set(episodes.map(({ task }) => task))], close };
  } catch (error) {
    await close();
    throw error;
  }
}

function chosenEpisodes(
  { root, episodes: wanted }: TrainingDataset,
  opened: LeRobotDataset,
  dataset: number,
  learnFrom: EpisodeChoice,
): TrainingEpisode[] {
  const known = new Map(opened.episodes.map((episode) => [episode.index, episode]));
  const chosen = wanted ?? [...known.keys()];
  if (chosen.length === 0)
    throw new PistarError("bad-option", `${root}: expected at least one episode to train on, got none`, { path: root });
  return chosen.flatMap((index) => {
    const episode = known.get(index);
    if (!episode)
      throw new PistarError("bad-option", `${root}: expected one of its ${known.size} episodes, got ${index}`, {
        path: root,
      });
    const { length, tasks } = episode;
    const success = succeeded(episode);
    return isChosen[learnFrom](episode) ? [{ dataset, episode: index, length, task: tasks[0] ?? "", success }] : [];
  });
}

/** Whether a choice takes an episode. `pistar collect` writes the columns that it looks at. */
export const isChosen: Readonly<Record<EpisodeChoice, (episode: Pick<Episode, "extra" | "index">) => boolean>> = {
  all: () => true,
  demonstrations: ({ extra }) => (extra.episode_policy ?? "demonstrator") === "demonstrator",
  successes: succeeded,
  uncorrected,
  "uncorrected-successes": (episode) => uncorrected(episode) && succeeded(episode),
};

function uncorrected({ extra }: Pick<Episode, "extra">): boolean {
  return (extra.episode_supervisor ?? "none") === "none";
}

/** Whether an episode succeeded, by its column episode_success. Episodes without it, such as demonstrations, did. */
export function succeeded({ extra, index }: Pick<Episode, "extra" | "index">): boolean {
  const said = extra.episode_success;
  if (said === undefined || said === null || said === "success") return true;
  if (said === "failure") return false;
  throw new PistarError(
    "damaged-file",
    `Episode ${index}: expected episode_success to be "success" or "failure", got ${JSON.stringify(said)}`,
  );
}

/** Which episodes are trained on, and which are held out. */
export interface EpisodeSplit {
  readonly train: readonly TrainingEpisode[];
  readonly heldOut: readonly TrainingEpisode[];
}

/**
 * Holds out a share of the successes and of the failures. If the share is not 0, at least one of two or more is held out. Tasks give
 * episodes in proportion: one of every task would be too many of a few demonstrations. Episodes are held out whole, because a frame tells
 * the return of its neighbours.
 */
export function splitEpisodes(episodes: readonly TrainingEpisode[], heldOut: number, seed: number): EpisodeSplit {
  const draw = random(seed).split("held-out");
  const held = new Set<TrainingEpisode>();
  for (const success of [true, false]) {
    const kind = episodes.filter((episode) => episode.success === success);
    const count = heldOut === 0 || kind.length < 2 ? 0 : Math.max(1, Math.round(heldOut * kind.length));
    for (const episode of spreadOverTasks(kind, draw.split(`${success}`)).slice(0, count)) held.add(episode);
  }
  return { train: episodes.filter((episode) => !held.has(episode)), heldOut: episodes.filter((e) => held.has(e)) };
}

/** Orders the episodes so that each prefix has about the same share of every task: systematic sampling from a random start. */
function spreadOverTasks(episodes: readonly TrainingEpisode[], draw: Random): TrainingEpisode[] {
  const placed: { readonly at: number; readonly episode: TrainingEpisode }[] = [];
  for (const task of new Set(episodes.map((episode) => episode.task))) {
    const own = draw.split(task);
    const group = own.shuffle(episodes.filter((episode) => episode.task === task));
    const start = own.uniform();
    placed.push(...group.map((episode, i) => ({ at: (i + start) / group.length, episode })));
  }
  return placed.sort((a, b) => a.at - b.at).map(({ episode }) => episode);
}

export interface SourceOptions {
  /** The dataset's feature for each of the model's cameras. */
  readonly cameras: Readonly<Record<string, string>>;
  readonly imageSize: number;
  readonly cache?: string | undefined;
  /** Labels of each dataset's frames. */
  readonly labels?: readonly (FrameLabels | undefined)[];
  /** Whether to read subtasks. */
  readonly subtasks?: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Opens the datasets as sources of batches, with states and actions as recorded. A source lacks the cameras that its dataset lacks. */
export async function trainingSources(data: TrainingData, options: SourceOptions): Promise<BatchSource[]> {
  const sources: BatchSource[] = [];
  for (const [at, dataset] of data.datasets.entries()) {
    const cameras = Object.fromEntries(
      Object.entries(options.cameras).filter(([, feature]) => dataset.cameras.includes(feature)),
    );
    const { weight } = data.given[at]!;
    const labels = options.labels?.[at];
    sources.push(
      await batchSource(dataset, {
        cameras,
        directory: join(options.cache ?? defaultCache(), cacheName(dataset.root)),
        height: options.imageSize,
        width: options.imageSize,
        ...(weight !== undefined && { weight }),
        ...(labels && { labels }),
        subtasks: options.subtasks,
        ...(options.onProgress && { onProgress: options.onProgress }),
      }),
    );
  }
  return sources;
}

/** The sources with the frames of these episodes alone. A source without any is never drawn from. */
export function drawingFrom(sources: readonly BatchSource[], episodes: readonly TrainingEpisode[]): BatchSource[] {
  return sources.map((source, dataset) => {
    const frames = Int32Array.from(
      episodes
        .filter((episode) => episode.dataset === dataset)
        .flatMap((episode) => Array.from({ length: episode.length }, (_, i) => firstFrame(source, episode) + i)),
    );
    return { ...source, frames, ...(frames.length === 0 && { weight: 0 }) };
  });
}

/** The sources without the frames in which nobody acted. They hold nothing to imitate. */
export function whereSomebodyActs(sources: readonly BatchSource[]): BatchSource[] {
  return sources.map((source) => ({ ...source, frames: source.frames.filter((at) => source.chunkEnds[at]! > at) }));
}

/** The position of an episode's first frame in its source. */
export function firstFrame(
  { episodeIndices, episodeStarts }: BatchSource,
  { episode }: { readonly episode: number },
): number {
  return episodeStarts[episodeIndices.indexOf(episode)]!;
}

/** Frames spread evenly over each episode, about `total` in all, the first of each among them: [position of the episode, frame]. */
export function spreadFrames(episodes: readonly TrainingEpisode[], total: number): [number, number][] {
  const each = Math.max(2, Math.floor(total / Math.max(1, episodes.length)));
  return episodes.flatMap(({ length }, at) => {
    const taken = Math.min(each, length);
    return Array.from({ length: taken }, (_, i): [number, number] => [
      at,
      taken === 1 ? 0 : Math.round((i * (length - 1)) / (taken - 1)),
    ]);
  });
}

const defaultCache = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pistar");
const cacheName = (root: string) => createHash("sha256").update(resolve(root)).digest("hex").slice(0, 16);

/** A column's numbers. */
export const numbersOf = (column: Column | undefined): Float64Array | undefined =>
  column && column.dtype !== "string"
    ? Float64Array.from(column.data as ArrayLike<number | bigint>, Number)
    : undefined;
