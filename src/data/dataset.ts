// Reading a LeRobot dataset from disk, versions 2.0, 2.1 and 3.0.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { located, PistarError } from "../system/index.ts";
import { isCamera } from "./dtypes.ts";
import { dataFile, type EpisodeRecord, readEpisodeStats, readEpisodes, videoFile } from "./episodes.ts";
import { type Info, isVersion3, readInfo } from "./info.ts";
import { flatten, inferFeature, openParquet, type ParquetFile, toColumn } from "./parquet-file.ts";
import type { TableColumn } from "./parquet-output.ts";
import { decodeImage } from "./png.ts";
import { recover } from "./recording-folder.ts";
import { aggregate, readStats, type Stats } from "./stats.ts";
import { readTasks } from "./tasks.ts";
import type { Column, Dataset, Feature, Image } from "./types.ts";
import { openVideoReader, type VideoReader } from "./video-reader.ts";

/** A LeRobot dataset on disk: what every Dataset offers, and where its parts lie. */
export interface LeRobotDataset extends Dataset {
  /** meta/info.json, with keys pistar does not know. */
  readonly info: Info;
  readonly episodes: readonly EpisodeRecord[];
  /** Columns of the data files that info.json does not declare. They can be read by name. */
  undeclared(): Promise<string[]>;
  /** Statistics over all episodes: stats.json, or where there is none the aggregate of the episodes'. */
  stats(): Promise<Stats>;
  /** Statistics of each episode that carries them. */
  episodeStats(): Promise<ReadonlyMap<number, Stats>>;
  /** A column as parquet holds it, with its schema. */
  raw(episode: number, column: string): Promise<TableColumn>;
}

/** Files kept open at a time, of each kind. */
const openFiles = 16;

/**
 * Opens the dataset at `root`. Episodes that a killed recording left behind are first put in their place (when no writer is
 * at work and the folder can be written).
 *
 * Errors name the file and, where it applies, the episode and column.
 */
export async function openDataset(root: string): Promise<LeRobotDataset> {
  if (!existsSync(join(root, "meta/info.json")))
    throw new PistarError("missing-file", `${root}: expected a LeRobot dataset (a folder with meta/info.json)`, {
      path: root,
    });
  await recover(root);
  const info = readInfo(root);
  const features = new Map<string, Feature>(Object.entries(info.features));
  const tasks = await readTasks(root, isVersion3(info));
  const episodes = await readEpisodes(root, info);
  if (episodes.length !== info.total_episodes)
    throw new PistarError(
      "damaged-file",
      `${root}: info.json counts ${info.total_episodes} episodes, meta lists ${episodes.length}`,
      { path: root },
    );
  for (const [at, { index }] of episodes.entries())
    if (index !== at)
      throw new PistarError(
        "damaged-file",
        `${root}: expected episodes 0 to ${episodes.length - 1} once each, ${at} is missing or doubled`,
        { path: root },
      );

  /** Global index of the first row of each data file. */
  const fileStarts = new Map<string, number>();
  for (const episode of episodes) {
    const path = dataFile(root, info, episode);
    fileStarts.set(path, Math.min(fileStarts.get(path) ?? episode.fromIndex, episode.fromIndex));
  }
  const parquetFiles = new Pool(openParquet);
  const videoReaders = new Pool<VideoReader>(openVideoReader);

  function record(episode: number): EpisodeRecord {
    const found = episodes[episode];
    if (!found)
      throw new PistarError(
        "bad-option",
        `${root}: expected an episode from 0 to ${episodes.length - 1}, got ${episode}`,
        { path: root },
      );
    return found;
  }

  /** Lets `use` read the rows of an episode: the open file and the number of its first row there. */
  function withRows<T>(
    episode: number,
    use: (file: ParquetFile, start: number, length: number) => Promise<T>,
  ): Promise<T> {
    const found = record(episode);
    const path = dataFile(root, info, found);
    return parquetFiles.use(path, (file) => use(file, found.fromIndex - fileStarts.get(path)!, found.length));
  }

  function raw(episode: number, name: string): Promise<TableColumn> {
    return withRows(episode, async (file, start, length) => {
      const values = (await file.values(name, start, start + length)) as TableColumn["values"];
      return { name, schema: flatten(file.columns.get(name)!), values };
    });
  }

  function columns(episode: number, names?: readonly string[]): Promise<ReadonlyMap<string, Column>> {
    const wanted = names ?? [...features].flatMap(([name, feature]) => (isCamera(feature) ? [] : [name]));
    return withRows(episode, async (file, start, length) => {
      const read = new Map<string, Column>();
      for (const name of wanted) {
        const declared = features.get(name);
        if (declared && isCamera(declared))
          throw new Error(`${root}: "${name}" holds pictures; read them with frames()`);
        const values = await file.values(name, start, start + length);
        const feature = declared ?? inferFeature(file.columns.get(name)!, values[0]);
        read.set(name, toColumn(values, feature, `${file.path}, episode ${episode}, column "${name}"`));
      }
      return read;
    });
  }

  async function frames(episode: number, camera: string, indices: readonly number[]): Promise<Image[]> {
    const feature = features.get(camera);
    if (!feature || !isCamera(feature))
      throw new PistarError(
        "bad-option",
        `${root}: expected a camera among ${cameras.join(", ") || "(none)"}, got "${camera}"`,
        { path: root },
      );
    const found = record(episode);
    for (const index of indices)
      if (!Number.isInteger(index) || index < 0 || index >= found.length)
        throw new RangeError(
          `${root}, episode ${episode}: expected a frame from 0 to ${found.length - 1}, got ${index}`,
        );
    const where = `episode ${episode}, column "${camera}"`;
    if (feature.dtype === "image")
      return withRows(episode, async (file, start) => {
        const cells = await storedPictures(file, camera, start, indices);
        return Promise.all(
          cells.map((cell, at) => decodePicture(cell, `${file.path}, ${where}, frame ${indices[at]}`)),
        );
      });
    const span = found.videos.get(camera)!;
    const times = indices.map((index) => span.from + index / info.fps);
    try {
      return await videoReaders.use(videoFile(root, info, camera, episode, span), (reader) => reader.frames(times));
    } catch (error) {
      throw located(where, error);
    }
  }

  async function stats(): Promise<Stats> {
    if (existsSync(join(root, "meta/stats.json"))) return readStats(root);
    return aggregate([...(await readEpisodeStats(root, info)).values()]);
  }

  const cameras = [...features].flatMap(([name, feature]) => (isCamera(feature) ? [name] : []));
  return {
    root,
    info,
    fps: info.fps,
    robotType: info.robot_type ?? undefined,
    features,
    tasks,
    episodes,
    cameras,
    columns,
    frames,
    stats,
    raw,
    episodeStats: () => readEpisodeStats(root, info),
    async undeclared() {
      if (episodes.length === 0) return [];
      const stored = await withRows(0, async (file) => [...file.columns.keys()]);
      return stored.filter((name) => !features.has(name));
    },
    async close() {
      await parquetFiles.close();
      await videoReaders.close();
    },
  };
}

type PictureCell = { readonly bytes?: Uint8Array } | null;

/** Cells of the rows `start` + `indices`. Runs of neighbours are read at once: whoever reads a row reads all that is compressed with it. */
async function storedPictures(
  file: ParquetFile,
  camera: string,
  start: number,
  indices: readonly number[],
): Promise<PictureCell[]> {
  const cells: PictureCell[] = [];
  for (let at = 0; at < indices.length; ) {
    let end = at + 1;
    while (indices[end] === indices[end - 1]! + 1) end++;
    const rows = await file.values(camera, start + indices[at]!, start + indices[end - 1]! + 1);
    cells.push(...(Array.from(rows) as PictureCell[]));
    at = end;
  }
  return cells;
}

async function decodePicture(cell: PictureCell, where: string): Promise<Image> {
  if (!cell?.bytes) throw new PistarError("damaged-file", `${where}: expected a picture's bytes, got none`);
  return decodeImage(cell.bytes, where);
}

/** Files opened on demand; the idle one unused for longest is closed when there are too many. */
class Pool<File extends { close(): void | Promise<void> }> {
  private readonly files = new Map<string, { readonly file: Promise<File>; users: number }>();
  private readonly open: (path: string) => Promise<File>;

  constructor(open: (path: string) => Promise<File>) {
    this.open = open;
  }

  async use<T>(path: string, task: (file: File) => T | Promise<T>): Promise<T> {
    const entry = this.files.get(path) ?? { file: this.open(path), users: 0 };
    this.files.delete(path);
    this.files.set(path, entry);
    entry.users++;
    try {
      return await task(await entry.file);
    } finally {
      entry.users--;
      await this.trim();
    }
  }

  private async trim(): Promise<void> {
    for (const [path, { file, users }] of this.files) {
      const failed =
        users === 0 &&
        (await file.then(
          () => false,
          () => true,
        ));
      if (users > 0 || !(failed || this.files.size > openFiles)) continue;
      this.files.delete(path);
      if (!failed) await (await file).close();
    }
  }

  async close(): Promise<void> {
    const entries = [...this.files.values()];
    this.files.clear();
    for (const { file } of entries) await (await file).close();
  }
}
