// Recording into a LeRobot v3.0 dataset: frames into the current episode, episodes into the dataset. Append only.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fromSystem, PistarError, replaceFile } from "../system/index.ts";
import { isCamera } from "./dtypes.ts";
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
  /** Frames a second, a whole number. */
  readonly fps: number;
  readonly robotType?: string;
  /** What a frame holds. The five default features (timestamp, frame_index, episode_index, index, task_index) are added. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Features of types pistar cannot make; appendEpisode brings their columns as they are, addFrame is refused. */
  readonly carried?: Readonly<Record<string, Feature>>;
  readonly video?: Partial<VideoSettings>;
  /** Megabytes at which a new file is begun (defaults 100 and 200). */
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
  /** Appends a whole episode that exists already; used to convert. */
  appendEpisode(content: EpisodeContent): Promise<number>;
  /** Moves the saved episodes into the dataset's files, where readers see them; the next episode begins new files. */
  flush(): Promise<void>;
  /** Flushes and gives the dataset back. The episode being recorded is dropped. */
  close(): Promise<void>;
}

/** Makes a new, empty dataset at `root` (a folder that does not exist or is empty) and opens it for writing. */
export async function createWriter(root: string, options: CreateOptions): Promise<DatasetWriter> {
  const { fps, robotType, features: own, dataFileMegabytes = 100, videoFileMegabytes = 200 } = options;
  if (!Number.isInteger(fps) || fps < 1) throw new Error(`fps: expected a whole number from 1 up, got ${fps}`);
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
  const features = new Map<string, Feature>();
  for (const [name, feature] of Object.entries(own)) {
    if (name in defaultFeatures) throw new Error(`feature "${name}" is added by the writer; leave it out`);
    const info = feature.dtype === "video" ? (feature.info ?? videoInfo(settings, feature.shape, fps)) : feature.info;
    features.set(name, { ...feature, ...(info && { info }) });
  }
  for (const [name, feature] of Object.entries(defaultFeatures)) features.set(name, feature);
  checkFeatures(features);
  for (const [name, feature] of Object.entries(options.carried ?? {})) features.set(name, feature);
  mkdirSync(root, { recursive: true });
  const release = lockDataset(root);
  const info = {
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
  return guarded(root, release, async () => {
    replaceFile(join(root, infoPath), JSON.stringify(info, null, 4));
    return openWriter(root, release, parseInfo(info, join(root, infoPath)), settings);
  });
}

/** Opens a v3.0 dataset to append episodes; what a killed recording saved is kept. New episodes begin new files. */
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
    return openWriter(root, release, info, { ...defaultVideoSettings, ...codec, ...video });
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

async function openWriter(
  root: string,
  release: () => void,
  opened: Info,
  settings: VideoSettings,
): Promise<DatasetWriter> {
  let info = opened;
  const features = new Map(Object.entries(info.features));
  const cameras = [...features].flatMap(([name, feature]) => (isCamera(feature) ? [name] : []));
  const tasks = new Map([...(await readTasks(root, true))].map(([number, text]) => [text, number]));
  let [episodes, frames] = [info.total_episodes, info.total_frames];
  let extras = episodes > 0 ? await extraTypes(root, []) : undefined;
  let saved: SavedEpisode[] = [];
  let buffer: EpisodeBuffer | undefined;
  let closed = false;
  if (episodes !== (await readEpisodes(root, info)).length)
    throw new PistarError("damaged-file", `${root}: info.json counts ${episodes} episodes, meta lists others`, {
      path: root,
    });

  function open(): void {
    if (closed) throw new Error(`${root}: this writer is closed`);
  }

  async function flush(): Promise<void> {
    open();
    info = await seal(root);
    saved = [];
    if (info.total_episodes > 0) extras ??= await extraTypes(root, []);
  }

  /** Whether an episode must begin new files: by size as LeRobot counts, or because its videos are encoded otherwise. */
  function isFull(next: SavedEpisode): boolean {
    const megabytes = (sum: number) => sum / 1024 ** 2;
    const data = saved.reduce((sum, { dataBytes }) => sum + dataBytes, next.dataBytes);
    if (saved.length === 0) return false;
    if (megabytes(data) >= info.data_files_size_in_mb) return true;
    return Object.keys(next.videoBytes).some((camera) => {
      const video = saved.reduce((sum, { videoBytes }) => sum + videoBytes[camera]!, next.videoBytes[camera]!);
      return (
        megabytes(video) >= info.video_files_size_in_mb || saved.at(-1)!.encodings[camera] !== next.encodings[camera]
      );
    });
  }

  async function save(content: EpisodeContent, folder: string): Promise<number> {
    try {
      return await saveNow(content, folder);
    } catch (error) {
      throw fromSystem(error, folder);
    }
  }

  async function saveNow(content: EpisodeContent, folder: string): Promise<number> {
    if (extras) checkExtra(content.extra, extras);
    const added = new Map(tasks);
    for (const task of content.tasks) if (!added.has(task)) added.set(task, Math.max(-1, ...added.values()) + 1);
    const episode = await writeContent(folder, content, {
      index: episodes,
      fromIndex: frames,
      fps: info.fps,
      features,
      tasks: added,
    });
    if (isFull(episode)) await flush();
    commitEpisode(root, folder, episode);
    saved.push(episode);
    for (const [task, number] of added) tasks.set(task, number);
    frames += episode.length;
    return episodes++;
  }

  return {
    root,
    get info() {
      return info;
    },
    get episodes() {
      return episodes;
    },
    get frames() {
      return buffer?.length ?? 0;
    },
    async addFrame(values, task) {
      open();
      if (!buffer) checkFeatures(features);
      buffer ??= new EpisodeBuffer(freshFolder(root), features, cameras, info.fps, settings, episodes);
      await buffer.add(values, task);
    },
    async saveEpisode(extra = {}) {
      open();
      if (!buffer || buffer.length === 0)
        throw new Error(`${root}: expected frames before saveEpisode, none were added`);
      const index = await save(await buffer.finish(extra), buffer.folder);
      buffer = undefined;
      return index;
    },
    discardEpisode() {
      open();
      buffer?.abandon();
      buffer = undefined;
    },
    async appendEpisode(content) {
      open();
      if (buffer) throw new Error(`${root}: save or discard the episode being recorded before appending another`);
      return save(content, freshFolder(root));
    },
    flush,
    async close() {
      if (closed) return;
      buffer?.abandon();
      buffer = undefined;
      try {
        await flush();
      } finally {
        closed = true;
        leave(root, release);
      }
    },
  };
}
