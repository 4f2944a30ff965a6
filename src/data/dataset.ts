// Opening a LeRobot dataset, versions 2.0, 2.1 and 3.0.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { PistarError } from "../system/index.ts";
import { CameraReader } from "./camera-reader.ts";
import type { DepthMap } from "./depth.ts";
import { isCamera, isDepth } from "./dtypes.ts";
import { readEpisodeStats } from "./episode-stats.ts";
import { dataFile, type EpisodeRecord, readEpisodes, unlisted, videoFile } from "./episodes.ts";
import { type Info, infoPath, isVersion3, readInfo } from "./info.ts";
import { flatten, inferFeature, toColumn } from "./parquet-file.ts";
import type { TableColumn } from "./parquet-output.ts";
import { mostValues } from "./parquet-pages.ts";
import { inside } from "./paths.ts";
import { recover } from "./recording-folder.ts";
import { renamedDataset, usualNames } from "./renamed.ts";
import { RowReader } from "./row-reader.ts";
import { aggregate, readStats, type Stats, statsPath } from "./stats.ts";
import { readTasks } from "./tasks.ts";
import type { Column, Dataset, Feature } from "./types.ts";
import type { VideoPart } from "./video-copy.ts";

/** A LeRobot dataset on disk: the interface of every Dataset, and the places of its parts. */
export interface LeRobotDataset extends Dataset {
  /** meta/info.json, with keys pistar does not know. */
  readonly info: Info;
  readonly episodes: readonly EpisodeRecord[];
  /** Names of the features with depth maps. They are not among `cameras`. */
  readonly depthCameras: readonly string[];
  /** Problems of the metadata. Empty unless the dataset was opened with `lenient`. */
  readonly problems: readonly string[];
  /** Frames `indices` of a depth camera, in metres, in the order asked for. */
  depth(episode: number, camera: string, indices: readonly number[]): Promise<DepthMap[]>;
  /** Missing data and video files of the metadata, below the root. */
  missingFiles(): string[];
  /** Columns of the data files without a declaration in info.json. They can be read by name. */
  undeclared(): Promise<string[]>;
  /** Statistics over all episodes: stats.json, or else the aggregate of the episodes'. */
  stats(): Promise<Stats>;
  /** Statistics of episodes, as far as they carry any. */
  episodeStats(): Promise<ReadonlyMap<number, Stats>>;
  /** A column as parquet holds it, with its schema. */
  raw(episode: number, column: string): Promise<TableColumn>;
  /** Whether an episode's rows lie in another order than its frames. Known only of a dataset opened with `repair`. */
  isOutOfOrder(episode: number): Promise<boolean>;
  /** The stretch of an mp4 file with an episode's frames of a camera of dtype "video". */
  video(episode: number, camera: string): VideoPart;
}

export interface OpenOptions {
  /** Other names for columns, by the name in the files: `{ state: "observation.state" }`. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Gives columns under openpi's names (state, actions, image, wrist_image) LeRobot's, and says so in a warning. */
  readonly usualNames?: boolean;
  /** Opens as much as the metadata gives, even with parts missing or contradictory. `problems` lists them. */
  readonly lenient?: boolean;
  /** Finds rows by episode_index and frame_index, for files with rows out of order. */
  readonly repair?: boolean;
}

/**
 * Opens the dataset at `root`. Episodes of a killed recording are first put in their place, unless a writer is at work
 * or the folder cannot be written.
 *
 * @throws Error naming the file and, if it applies, the episode and column
 */
export async function openDataset(root: string, options: OpenOptions = {}): Promise<LeRobotDataset> {
  if (!existsSync(join(root, infoPath)))
    throw new PistarError("missing-file", `${root}: expected a LeRobot dataset (a folder with meta/info.json)`, {
      path: root,
    });
  await recover(root);
  const info = readInfo(root);
  const problems: string[] = [];
  const attempt = async <T>(step: () => T | Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      if (!options.lenient) throw error;
      problems.push((error as Error).message);
      return otherwise;
    }
  };
  const tasks = await attempt(() => readTasks(root, isVersion3(info)), new Map<number, string>());
  const listed = await attempt(() => readEpisodes(root, info), []);
  await attempt(() => checkEpisodes(root, info, listed), undefined);
  const rows = new RowReader(root, info, listed, options.repair ?? false);
  const episodes = await attempt(() => withTasks(listed, rows, tasks), listed);
  const dataset = readingDataset({ root, info, tasks, episodes, rows, problems });
  const usual = options.usualNames ? usualNames(dataset.features) : {};
  if (Object.keys(usual).length > 0)
    process.emitWarning(
      `${root}: ${Object.entries(usual)
        .map(([stored, name]) => `${stored} is read as ${name}`)
        .join(", ")}`,
    );
  const rename = { ...usual, ...options.rename };
  return Object.keys(rename).length > 0 ? renamedDataset(dataset, rename) : dataset;
}

/** Refuses an incomplete list of episodes, or one with more frames than the files can hold. */
function checkEpisodes(root: string, info: Info, episodes: readonly EpisodeRecord[]): void {
  if (episodes.length !== info.total_episodes)
    throw new PistarError(
      "damaged-file",
      `${root}: info.json counts ${info.total_episodes} episodes, meta lists ${episodes.length}`,
      { path: root },
    );
  for (const [at, episode] of episodes.entries()) {
    const { index, length, fromIndex, toIndex } = episode;
    if (index !== at)
      throw new PistarError(
        "damaged-file",
        `${root}: expected episodes 0 to ${episodes.length - 1} once each, ${at} is missing or doubled`,
        { path: root },
      );
    if (toIndex - fromIndex !== length)
      throw new PistarError(
        "damaged-file",
        `${root}, episode ${index}: expected ${length} rows, the list says ${fromIndex} to ${toIndex}`,
        { path: root },
      );
    if (length > mostValues(sizeOnDisk(dataFile(root, info, episode))))
      throw new PistarError(
        "damaged-file",
        `${root}, episode ${index}: its data file is too small to hold ${length} frames`,
        { path: root },
      );
  }
}

/** Bytes of a file. A missing file is reported on reading, and may hold anything until then. */
function sizeOnDisk(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? Infinity;
}

/** Derives missing tasks of episodes from their frames. */
async function withTasks(
  episodes: readonly EpisodeRecord[],
  rows: RowReader,
  tasks: ReadonlyMap<number, string>,
): Promise<readonly EpisodeRecord[]> {
  if (!episodes.some((episode) => episode.tasks === unlisted)) return episodes;
  const found: EpisodeRecord[] = [];
  for (const episode of episodes) {
    const numbers = await rows.use(episode, ({ values }) => values("task_index"));
    const texts = [...new Set(Array.from(numbers, Number))].map((number) => tasks.get(number));
    found.push({ ...episode, tasks: texts.filter((text) => text !== undefined) });
  }
  return found;
}

interface Opened {
  readonly root: string;
  readonly info: Info;
  readonly tasks: ReadonlyMap<number, string>;
  readonly episodes: readonly EpisodeRecord[];
  readonly rows: RowReader;
  readonly problems: readonly string[];
}

function readingDataset({ root, info, tasks, episodes, rows, problems }: Opened): LeRobotDataset {
  const features = new Map<string, Feature>(Object.entries(info.features));
  const pictures = [...features].filter(([, feature]) => isCamera(feature));
  const named = (found: typeof pictures) => found.map(([name]) => name);
  const camera = new CameraReader(root, info, rows);
  const byIndex = new Map(episodes.map((episode) => [episode.index, episode]));

  function record(index: number): EpisodeRecord {
    const found = byIndex.get(index);
    if (!found)
      throw new PistarError(
        "bad-option",
        `${root}: expected an episode from 0 to ${episodes.length - 1}, got ${index}`,
        { path: root },
      );
    return found;
  }

  async function columns(episode: number, names?: readonly string[]): Promise<ReadonlyMap<string, Column>> {
    const wanted = names ?? [...features].flatMap(([name, feature]) => (isCamera(feature) ? [] : [name]));
    return rows.use(record(episode), async ({ file, values }) => {
      const read = new Map<string, Column>();
      for (const name of wanted) {
        const declared = features.get(name);
        if (declared && isCamera(declared))
          throw new Error(`${root}: "${name}" holds pictures; read them with frames()`);
        const stored = await values(name);
        const feature = declared ?? inferFeature(file.columns.get(name)!, stored[0]);
        read.set(name, toColumn(stored, feature, `${file.path}, episode ${episode}, column "${name}"`));
      }
      return read;
    });
  }

  async function raw(episode: number, name: string): Promise<TableColumn> {
    return rows.use(record(episode), async ({ file, values }) => {
      const stored = (await values(name)) as TableColumn["values"];
      return { name, schema: flatten(file.columns.get(name)!), values: stored };
    });
  }

  async function stats(): Promise<Stats> {
    if (existsSync(inside(root, statsPath))) return readStats(root);
    const parts = [...(await readEpisodeStats(root, info))];
    return aggregate(parts.map(([index, found]) => ({ stats: found, frames: byIndex.get(index)?.length ?? 0 })));
  }

  function missingFiles(): string[] {
    const videos = [...features].flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));
    const files = episodes.flatMap((episode) => [
      dataFile("", info, episode),
      ...videos.map((name) => videoFile("", info, name, episode.index, episode.videos.get(name)!)),
    ]);
    return [...new Set(files)].filter((file) => !existsSync(join(root, file)));
  }

  return {
    root,
    info,
    fps: info.fps,
    robotType: info.robot_type ?? undefined,
    features,
    tasks,
    episodes,
    cameras: named(pictures.filter(([, feature]) => !isDepth(feature))),
    depthCameras: named(pictures.filter(([, feature]) => isDepth(feature))),
    problems,
    columns,
    frames: async (episode, name, indices) => camera.frames(record(episode), name, indices),
    depth: async (episode, name, indices) => camera.depth(record(episode), name, indices),
    video: (episode, name) => camera.part(record(episode), name),
    isOutOfOrder: async (episode) => rows.isOutOfOrder(record(episode)),
    missingFiles,
    stats,
    raw,
    episodeStats: () => readEpisodeStats(root, info),
    async undeclared() {
      const [first] = episodes;
      if (!first) return [];
      const stored = await rows.use(first, async ({ file }) => [...file.columns.keys()]);
      return stored.filter((name) => !features.has(name));
    },
    async close() {
      await rows.close();
      await camera.close();
    },
  };
}
