// A dataset made ready to draw batches from: cameras cached at training resolution, states and actions as recorded in memory
// that threads share, labels beside them. It is plain data and goes to a worker thread as it is.

import { PistarError } from "../system/index.ts";
import { buildFrameCache, type FrameCacheOptions } from "./frame-cache.ts";
import { nobody, type recordingFeatures } from "./recording.ts";
import type { Pool } from "./sampler.ts";
import { hasSubtasks, readSubtasks } from "./subtasks.ts";
import type { Column, Dataset } from "./types.ts";

/** LeRobot's names of the columns. */
const stateColumn = "observation.state";
const actionColumn = "action";

/** Labels of a dataset's frames, each [frames] in the order of its episodes. */
export interface FrameLabels {
  /** Normalised return, the target of the value function; NaN without one. */
  readonly return?: Float32Array | Float64Array;
  /** 1 for positive, 0 for negative, −1 without one. */
  readonly advantageIndicator?: Int8Array | Uint8Array;
}

export interface BatchSourceOptions extends FrameCacheOptions {
  /** The dataset's camera for each of the model's, such as `{ base_0_rgb: "observation.images.top" }`. */
  readonly cameras: Readonly<Record<string, string>>;
  readonly labels?: FrameLabels;
  /** Whether to read the frames' subtasks, if the dataset has any. */
  readonly subtasks?: boolean | undefined;
  /** episode_index of the episodes to draw from (default: all). */
  readonly episodes?: readonly number[];
  /** How often to draw from this dataset, relative to the others. */
  readonly weight?: number;
}

export interface BatchSource extends Pool {
  /** Folder of the frame cache of each of the model's cameras. */
  readonly caches: Readonly<Record<string, string>>;
  readonly height: number;
  readonly width: number;
  /** [all frames, stateSize] and [all frames, actionSize], as recorded. */
  readonly state: Float32Array;
  readonly actions: Float32Array;
  readonly stateSize: number;
  readonly actionSize: number;
  /** episode_index of each episode, and the first frame of each; one more first frame than episodes. */
  readonly episodeIndices: Int32Array;
  readonly episodeStarts: Int32Array;
  /**
   * [all frames], the frame before which a chunk of actions ends: the episode's end, or the next frame without an
   * actor.
   */
  readonly chunkEnds: Int32Array;
  /** [all frames], positions in `tasks`. */
  readonly taskOf: Int32Array;
  readonly tasks: readonly string[];
  /** [all frames], positions in `subtasks`; −1 without one. */
  readonly subtaskOf: Int32Array;
  readonly subtasks: readonly string[];
  readonly return: Float32Array;
  readonly advantageIndicator: Int8Array;
}

/**
 * Makes a dataset ready for batches. The first time at a resolution it decodes the frames.
 *
 * @throws Error naming dataset, episode and column if the data does not fit
 */
export async function batchSource(dataset: Dataset, options: BatchSourceOptions): Promise<BatchSource> {
  const { height, width, labels = {}, weight } = options;
  const episodeStarts = new Int32Array(dataset.episodes.length + 1);
  for (const [at, { length }] of dataset.episodes.entries()) episodeStarts[at + 1] = episodeStarts[at]! + length;
  const total = episodeStarts.at(-1)!;
  const label = <T extends Float32Array | Int8Array>(target: T, values: ArrayLike<number> | undefined): T => {
    if (values && values.length !== total)
      throw new PistarError(
        "damaged-file",
        `${dataset.root}: expected a label for each of ${total} frames, got ${values.length}`,
        { path: dataset.root },
      );
    if (values) target.set(values);
    return target;
  };
  const columns = await readColumns(dataset, episodeStarts, options.subtasks ?? false);
  return {
    ...columns,
    frames: chosenFrames(dataset, episodeStarts, options.episodes),
    weight,
    caches: await buildCaches(dataset, options),
    height,
    width,
    episodeIndices: shared(Int32Array.from(dataset.episodes, ({ index }) => index)),
    episodeStarts: shared(episodeStarts),
    tasks: [...dataset.tasks.values()],
    return: label(sharedFloats(total).fill(Number.NaN), labels.return),
    advantageIndicator: label(new Int8Array(new SharedArrayBuffer(total)).fill(-1), labels.advantageIndicator),
  };
}

type Columns = Pick<
  BatchSource,
  "state" | "actions" | "stateSize" | "actionSize" | "chunkEnds" | "taskOf" | "subtaskOf" | "subtasks"
>;

/** States, actions, tasks and subtasks of all episodes, in memory that threads share. */
async function readColumns(dataset: Dataset, starts: Int32Array, withSubtasks: boolean): Promise<Columns> {
  const total = starts.at(-1)!;
  const stateSize = widthOf(dataset, stateColumn);
  const actionSize = widthOf(dataset, actionColumn);
  const state = sharedFloats(total * stateSize);
  const actions = sharedFloats(total * actionSize);
  const [chunkEnds, taskOf, subtaskOf] = [sharedInts(total), sharedInts(total), sharedInts(total).fill(-1)];
  const taskPosition = new Map([...dataset.tasks.keys()].map((task, at) => [task, at]));
  const subtaskPosition = new Map<string, number>();
  for (const [at, episode] of dataset.episodes.entries()) {
    const where = `${dataset.root}, episode ${episode.index}`;
    const columns = await dataset.columns(episode.index, [stateColumn, actionColumn, "task_index"]);
    const start = starts[at]!;
    const read = (name: string, size: number) =>
      vectors(columns.get(name), episode.length, size, `${where}, column "${name}"`);
    state.set(read(stateColumn, stateSize), start * stateSize);
    actions.set(read(actionColumn, actionSize), start * actionSize);
    chunkEnds.set(await endsOf(dataset, episode.index, start, episode.length), start);
    for (const [frame, task] of read("task_index", 1).entries()) {
      const position = taskPosition.get(task);
      if (position === undefined)
        throw new PistarError("damaged-file", `${where}, frame ${frame}: expected a known task_index, got ${task}`, {
          path: dataset.root,
        });
      taskOf[start + frame] = position;
    }
    if (!withSubtasks || !hasSubtasks(dataset)) continue;
    for (const [frame, subtask] of (await readSubtasks(dataset, episode.index)).entries()) {
      if (subtask === undefined) continue;
      if (!subtaskPosition.has(subtask)) subtaskPosition.set(subtask, subtaskPosition.size);
      subtaskOf[start + frame] = subtaskPosition.get(subtask)!;
    }
  }
  return { state, actions, stateSize, actionSize, chunkEnds, taskOf, subtaskOf, subtasks: [...subtaskPosition.keys()] };
}

/** The frame cache of each of the model's cameras. */
async function buildCaches(dataset: Dataset, options: BatchSourceOptions): Promise<Record<string, string>> {
  const cameras = Object.entries(options.cameras);
  const caches: Record<string, string> = {};
  for (const [at, [name, camera]] of cameras.entries()) {
    const onProgress = (done: number, frames: number) =>
      options.onProgress?.(at * frames + done, cameras.length * frames);
    caches[name] = await buildFrameCache(dataset, camera, { ...options, onProgress });
  }
  return caches;
}

/**
 * The chunk end of each frame of an episode with first frame `start`. A pause before a take-over is no action to learn,
 * and no later frame continues its chunk.
 */
async function endsOf(dataset: Dataset, episode: number, start: number, length: number): Promise<Int32Array> {
  const actor = "complementary_info.collector_policy_id" satisfies keyof typeof recordingFeatures;
  const actors = dataset.features.has(actor) ? (await dataset.columns(episode, [actor])).get(actor)!.data : [];
  const ends = new Int32Array(length);
  for (let frame = length - 1, end = length; frame >= 0; frame--) {
    if (actors[frame] === nobody) end = frame;
    ends[frame] = start + end;
  }
  return ends;
}

function widthOf(dataset: Dataset, column: string): number {
  const feature = dataset.features.get(column);
  if (!feature)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: expected a column "${column}", got ${[...dataset.features.keys()].join(", ")}`,
      { path: dataset.root },
    );
  return feature.shape.reduce((product, size) => product * size, 1);
}

/** A numeric column of an episode as floats, [length, size]. */
function vectors(column: Column | undefined, length: number, size: number, where: string): Float32Array {
  if (!column || column.dtype === "string")
    throw new Error(`${where}: expected numbers, got ${column?.dtype ?? "no column"}`);
  if (column.data.length !== length * size)
    throw new Error(`${where}: expected ${length} frames of ${size} numbers, got ${column.data.length} numbers`);
  const values = Float32Array.from(column.data as ArrayLike<number | bigint>, Number);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new Error(`${where}, frame ${Math.floor(wrong / size)}: expected finite numbers, got ${values[wrong]}`);
  return values;
}

function chosenFrames(dataset: Dataset, starts: Int32Array, episodes: readonly number[] | undefined): Int32Array {
  const position = new Map(dataset.episodes.map(({ index }, at) => [index, at]));
  const chosen = episodes ?? [...position.keys()];
  return shared(
    Int32Array.from(
      chosen.flatMap((index) => {
        const at = position.get(index);
        if (at === undefined)
          throw new PistarError(
            "bad-option",
            `${dataset.root}: expected one of its ${position.size} episodes, got ${index}`,
            { path: dataset.root },
          );
        return Array.from({ length: starts[at + 1]! - starts[at]! }, (_, frame) => starts[at]! + frame);
      }),
    ),
  );
}

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

function shared(values: Int32Array): Int32Array {
  const copy = sharedInts(values.length);
  copy.set(values);
  return copy;
}
