// Recording into a LeRobot v3.0 dataset: frames into the current episode, episodes into the dataset. Append only.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fromSystem, PistarError, replaceFile } from "../system/index.ts";
import { isCamera, isDepth } from "./dtypes.ts";
import { EpisodeBuffer, type FrameValues } from "./episode-buffer.ts";
import { type EpisodeContent, writeContent } from "./episode-files.ts";
import { checkExtra, extraTypes, readEpisodes } from "./episodes.ts";
import {
  checkFeatures,
  defaultFeatures,
  type Info,
  infoPath,
  isVersion3,
  parseInfo,
  readInfo,
  videoPath,
} from "./info.ts";
import { commitEpisode, freshFolder, leave, lockDataset, type SavedEpisode, seal } from "./recording-folder.ts";
import { readTasks } from "./tasks.ts";
import type { Feature } from "./types.ts";
import { defaultVideoSettings, type VideoSettings, videoInfo } from "./video-encoder.ts";

export interface CreateOptions {
  /** Frames a second, from 1 up. */
  readonly fps: number;
  readonly robotType?: string;
  /**
   * The features of a frame. The five default ones (timestamp, frame_index, episode_index, index, task_index) are
   * added.
   */
  readonly features: Readonly<Record<string, Feature>>;
  /** Features of types pistar cannot make. appendEpisode brings their columns as they are; addFrame is refused. */
  readonly carried?: Readonly<Record<string, Feature>>;
  /** Episode-level columns by type, for copies with all of them known. Else the first episodes settle them. */
  readonly extras?: ReadonlyMap<string, string>;
  readonly video?: Partial<VideoSettings>;
  /** Megabytes of a file before the next one begins (defaults 100 and 200). */
  readonly dataFileMegabytes?: number;
  readonly videoFileMegabytes?: number;
}

/** Appends episodes to a dataset. One writer at a time has a dataset; calls must not overlap. */
export interface DatasetWriter {
  readonly root: string;
  readonly info: Info;
  /** Episodes saved so far, earlier recordings included. */
  readonly episodes: number;
  /** Frames of the episode being recorded. */
  readonly frames: number;
  /**
   * Adds a frame to the episode being recorded: a value for every feature but the default five, and its instruction. Numbers
   * as [...shape] in a flat array (a plain number for shape [1]), pictures as Image.
   */
  addFrame(values: FrameValues, task: string): Promise<void>;
  /**
   * Saves the recorded episode; after the return a kill does not lose it. `extra` are episode-level columns such as
   * `episode_success`. Resolves to its index. If it fails (full disk), it may be called again.
   */
  saveEpisode(extra?: Readonly<Record<string, unknown>>): Promise<number>;
  /** Drops the recorded frames since the last saved episode. */
  discardEpisode(): void;
  /** Appends a whole existing episode; used to convert. */
  appendEpisode(content: EpisodeContent): Promise<number>;
  /** Moves the saved episodes into the dataset's files, for readers to see. The next episode begins new files. */
  flush(): Promise<void>;
  /** Flushes and gives the dataset back. The episode being recorded is dropped. */
  close(): Promise<void>;
}

/** Makes a new, empty dataset at `root` (a new or empty folder) and opens it for writing. */
export async function createWriter(root: string, options: CreateOptions): Promise<DatasetWriter> {
  const { fps } = options;
  if (!(fps >= 1 && fps < Infinity)) throw new Error(`fps: expected a number from 1 up, got ${fps}`);
  if (
    existsSync(join(root, infoPath)) ||
    (existsSync(root) && readdirSync(root).some((name) => name !== ".recording" && name !== "meta"))
  )
    throw new PistarError(
      "already-there",
      `${root}: expected a folder that is new or empty; resumeWriter appends to a dataset that exists`,
      { path: root },
    );
  const settings = { ...defaultVideoSettings, ...options.video };
  const info = newInfo(options, allFeatures(options, settings));
  mkdirSync(root, { recursive: true });
  const release = lockDataset(root);
  return guarded(root, release, async () => {
    replaceFile(join(root, infoPath), JSON.stringify(info, null, 4));
    const checked = parseInfo(info, join(root, infoPath));
    return openWriter({ root, release, info: checked, settings, extras: options.extras });
  });
}

/** The features to record, with those of every dataset. */
function allFeatures(
  { features: own, carried = {}, fps }: CreateOptions,
  settings: VideoSettings,
): Map<string, Feature> {
  const features = new Map<string, Feature>();
  for (const [name, feature] of Object.entries(own)) {
    if (name in defaultFeatures) throw new Error(`feature "${name}" is added by the writer; leave it out`);
    const info = feature.dtype === "video" ? (feature.info ?? videoInfo(settings, feature, fps)) : feature.info;
    features.set(name, { ...feature, ...(info && { info }) });
  }
  for (const [name, feature] of Object.entries(defaultFeatures)) features.set(name, feature);
  checkFeatures(features);
  for (const [name, feature] of Object.entries(carried)) features.set(name, feature);
  return features;
}

function newInfo(
  { fps, robotType, dataFileMegabytes = 100, videoFileMegabytes = 200 }: CreateOptions,
  features: ReadonlyMap<string, Feature>,
): Record<string, unknown> {
  return {
    codebase_version: "v3.0",
    robot_type: robotType ?? null,
    total_episodes: 0,
    total_frames: 0,
    total_tasks: 0,
    chunks_size: 1000,
    data_files_size_in_mb: dataFileMegabytes,
    video_files_size_in_mb: videoFileMegabytes,
    fps,
    splits: {},
    data_path: "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    video_path: [...features.values()].some(({ dtype }) => dtype === "video") ? videoPath : null,
    features: Object.fromEntries(features),
  };
}

/**
 * Opens a v3.0 dataset to append episodes. It keeps the saved episodes of a killed recording. New episodes begin new
 * files.
 */
export async function resumeWriter(root: string, video: Partial<VideoSettings> = {}): Promise<DatasetWriter> {
  const version = readInfo(root);
  if (!isVersion3(version))
    throw new PistarError(
      "wrong-layout",
      `${root}: expected a v3.0 dataset, got ${version.codebase_version}; \`pistar dataset convert\` makes one`,
      { path: root },
    );
  const release = lockDataset(root);
  return guarded(root, release, async () => {
    const info = await seal(root);
    const stored = Object.values(info.features).find(({ dtype }) => dtype === "video")?.info?.["video.codec"];
    const codec = stored === "av1" || stored === "h264" ? ({ codec: stored } as const) : {};
    return openWriter({ root, release, info, settings: { ...defaultVideoSettings, ...codec, ...video } });
  });
}

/** Gives the lock back when opening fails. */
async function guarded<T>(root: string, release: () => void, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    leave(root, release);
    throw error;
  }
}

interface WriterInput {
  readonly root: string;
  /** Gives the dataset's lock back. */
  readonly release: () => void;
  readonly info: Info;
  readonly settings: VideoSettings;
  readonly extras?: ReadonlyMap<string, string> | undefined;
}

async function openWriter(input: WriterInput): Promise<DatasetWriter> {
  const { root, info } = input;
  const tasks = new Map([...(await readTasks(root, true))].map(([number, text]) => [text, number]));
  const extras = info.total_episodes > 0 ? await extraTypes(root, []) : input.extras;
  if (info.total_episodes !== (await readEpisodes(root, info)).length)
    throw new PistarError(
      "damaged-file",
      `${root}: info.json counts ${info.total_episodes} episodes, meta lists others`,
      { path: root },
    );
  return new Writer(input, tasks, extras);
}

class Writer implements DatasetWriter {
  readonly root: string;
  info: Info;
  episodes: number;
  private readonly release: () => void;
  private readonly settings: VideoSettings;
  private readonly settled: ReadonlyMap<string, string> | undefined;
  private readonly features: ReadonlyMap<string, Feature>;
  private readonly cameras: readonly string[];
  /** task_index by instruction. */
  private readonly tasks: Map<string, number>;
  /** Types of the episode-level columns, once they are settled. */
  private extras: ReadonlyMap<string, string> | undefined;
  private saved: SavedEpisode[] = [];
  private savedFrames: number;
  private buffer: EpisodeBuffer | undefined;
  private closed = false;

  constructor(
    { root, release, info, settings, extras: settled }: WriterInput,
    tasks: Map<string, number>,
    extras: ReadonlyMap<string, string> | undefined,
  ) {
    this.root = root;
    this.info = info;
    this.episodes = info.total_episodes;
    this.savedFrames = info.total_frames;
    this.release = release;
    this.settings = settings;
    this.settled = settled;
    this.features = new Map(Object.entries(info.features));
    this.cameras = [...this.features].flatMap(([name, feature]) => (isCamera(feature) ? [name] : []));
    this.tasks = tasks;
    this.extras = extras;
  }

  get frames(): number {
    return this.buffer?.length ?? 0;
  }

  async addFrame(values: FrameValues, task: string): Promise<void> {
    this.checkOpen();
    if (!this.buffer) {
      checkFeatures(this.features);
      const depth = [...this.features].find(([, feature]) => isDepth(feature));
      if (depth) throw new Error(`feature "${depth[0]}": depth maps are copied and read, they cannot be recorded`);
    }
    this.buffer ??= new EpisodeBuffer(
      freshFolder(this.root),
      this.features,
      this.cameras,
      this.info.fps,
      this.settings,
      this.episodes,
    );
    await this.buffer.add(values, task);
  }

  async saveEpisode(extra: Readonly<Record<string, unknown>> = {}): Promise<number> {
    this.checkOpen();
    if (!this.buffer || this.buffer.length === 0)
      throw new Error(`${this.root}: expected frames before saveEpisode, none were added`);
    const index = await this.save(await this.buffer.finish(extra), this.buffer.folder);
    this.buffer = undefined;
    return index;
  }

  discardEpisode(): void {
    this.checkOpen();
    this.buffer?.abandon();
    this.buffer = undefined;
  }

  async appendEpisode(content: EpisodeContent): Promise<number> {
    this.checkOpen();
    if (this.buffer)
      throw new Error(`${this.root}: save or discard the episode being recorded before appending another`);
    return this.save(content, freshFolder(this.root));
  }

  async flush(): Promise<void> {
    this.checkOpen();
    this.info = await seal(this.root);
    this.saved = [];
    if (this.info.total_episodes > 0) this.extras ??= await extraTypes(this.root, []);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.buffer?.abandon();
    this.buffer = undefined;
    try {
      await this.flush();
    } finally {
      this.closed = true;
      leave(this.root, this.release);
    }
  }

  private checkOpen(): void {
    if (this.closed) throw new Error(`${this.root}: this writer is closed`);
  }

  private async save(content: EpisodeContent, folder: string): Promise<number> {
    try {
      return await this.saveNow(content, folder);
    } catch (error) {
      throw fromSystem(error, folder);
    }
  }

  private async saveNow(content: EpisodeContent, folder: string): Promise<number> {
    if (this.extras) checkExtra(content.extra, this.extras);
    const tasks = new Map(this.tasks);
    for (const task of content.tasks) if (!tasks.has(task)) tasks.set(task, Math.max(-1, ...tasks.values()) + 1);
    const place = {
      index: this.episodes,
      fromIndex: this.savedFrames,
      fps: this.info.fps,
      features: this.features,
      tasks,
    };
    const written = await writeContent(folder, content, place);
    const episode = { ...written, ...(this.settled && { extraTypes: [...this.settled] }) };
    if (this.isFull(episode)) await this.flush();
    commitEpisode(this.root, folder, episode);
    this.saved.push(episode);
    for (const [task, number] of tasks) this.tasks.set(task, number);
    this.savedFrames += episode.length;
    return this.episodes++;
  }

  /** Whether an episode must begin new files: by size as LeRobot counts, or because its videos are encoded otherwise. */
  private isFull(next: SavedEpisode): boolean {
    if (this.saved.length === 0) return false;
    const megabytes = (bytes: (episode: SavedEpisode) => number) =>
      this.saved.reduce((sum, episode) => sum + bytes(episode), bytes(next)) / 1024 ** 2;
    if (megabytes(({ dataBytes }) => dataBytes) >= this.info.data_files_size_in_mb) return true;
    const last = this.saved.at(-1)!;
    return Object.keys(next.videoBytes).some(
      (camera) =>
        megabytes(({ videoBytes }) => videoBytes[camera]!) >= this.info.video_files_size_in_mb ||
        last.encodings[camera] !== next.encodings[camera],
    );
  }
}
