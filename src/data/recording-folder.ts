// The folder `.recording` inside a dataset: episodes saved but not yet in the dataset's own files.
//
// One rename makes an episode safe: its complete folder gets its name. `seal` gathers the saved episodes into one new data
// file, one new video a camera and one new list of episodes. All are written aside and flushed, then renamed into place.
// info.json comes last: until it counts the new files, they do not exist for a reader. A kill at any moment leaves the old
// dataset with the saved episodes still here, or the new one; `recover` finishes the work. Files in place never change.
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromSystem, located, moveInto, PistarError, readJson, replaceFile, sync, takeLock } from "../system/index.ts";
import { readEpisodeStats } from "./episode-stats.ts";
import {
  dataFile,
  type EpisodeRecord,
  extraTypes,
  readEpisodes,
  type VideoSpan,
  videoFile,
  writeEpisodes,
} from "./episodes.ts";
import { episodesPath, type FilePlace, fillPath, type Info, infoPath, nextFile, readInfo } from "./info.ts";
import { flatten, openParquet } from "./parquet-file.ts";
import { createParquet, type ParquetOutput, type TableColumn } from "./parquet-output.ts";
import { aggregate, type FeatureStats, type Part, readStats, type Stats, statsToJson } from "./stats.ts";
import { readTasks, tasksPath, writeTasks } from "./tasks.ts";
import { joinVideos } from "./video-copy.ts";

/** An episode in the recording folder, as its episode.json describes it. */
export interface SavedEpisode {
  readonly index: number;
  readonly length: number;
  /** Global index of its first frame. */
  readonly fromIndex: number;
  /** Its instructions with their task_index. */
  readonly tasks: readonly (readonly [number, string])[];
  readonly extra: Readonly<Record<string, unknown>>;
  /** Types of the episode-level columns, if settled before the first episode. */
  readonly extraTypes?: readonly (readonly [string, string])[];
  readonly stats: readonly (readonly [string, FeatureStats])[];
  /** Bytes of the rows and of each camera's video. */
  readonly dataBytes: number;
  readonly videoBytes: Readonly<Record<string, number>>;
  /** How each video is encoded (probeVideo's signature): one file holds one kind. */
  readonly encodings: Readonly<Record<string, string>>;
}

const folderOf = (root: string) => join(root, ".recording");

/** The folder of episode `index`, once saved. */
function savedFolder(root: string, index: number): string {
  return join(folderOf(root), `episode-${String(index).padStart(6, "0")}`);
}

/** An empty folder for the episode being recorded. */
export function freshFolder(root: string): string {
  const folder = join(folderOf(root), "current");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Makes the finished folder of an episode the saved one; from here on a kill does not lose it. */
export function commitEpisode(root: string, folder: string, episode: SavedEpisode): void {
  writeFileSync(join(folder, "episode.json"), toJson(episode), { flush: true });
  for (const name of readdirSync(folder)) sync(join(folder, name));
  sync(folder);
  renameSync(folder, savedFolder(root, episode.index));
  sync(folderOf(root));
}

/** The saved episodes in order. Those already counted by info.json are removed. */
function savedEpisodes(root: string, info: Info): SavedEpisode[] {
  const indices = readdirSync(folderOf(root))
    .flatMap((name) => name.match(/^episode-(\d+)$/)?.[1] ?? [])
    .map(Number);
  // A kill may have interrupted the removal: such a folder need not be whole.
  for (const index of indices.filter((index) => index < info.total_episodes)) removeSaved(root, index);
  const waiting = indices.filter((index) => index >= info.total_episodes).sort((a, b) => a - b);
  return waiting.map((index) => readJson(join(savedFolder(root, index), "episode.json"), revive) as SavedEpisode);
}

function removeSaved(root: string, index: number): void {
  rmSync(savedFolder(root, index), { recursive: true, force: true });
}

/** Locks the dataset for writing. The error names the process that holds the lock. */
export function lockDataset(root: string): () => void {
  const taken = takeLock(join(folderOf(root), "lock"));
  if (typeof taken === "function") return taken;
  throw new PistarError(
    "busy-lock",
    `${root}: another writer is at work (process ${taken.pid} on ${taken.host}); close it first`,
    { path: root },
  );
}

/**
 * Puts the remains of a killed writer in their place. It does nothing while a writer is at work, and warns if nothing
 * can be written.
 */
export async function recover(root: string): Promise<void> {
  if (!existsSync(folderOf(root))) return;
  try {
    const taken = takeLock(join(folderOf(root), "lock"));
    if (typeof taken !== "function") return;
    try {
      await seal(root);
    } finally {
      leave(root, taken);
    }
  } catch (error) {
    // Without permission to write, the present files can still be read.
    const known = fromSystem(error);
    if (!(known instanceof PistarError && (known.code === "no-access" || known.code === "full-disk"))) throw error;
    process.emitWarning(known.message);
  }
}

/** Removes everything but saved episodes, gives the lock back and, if nothing is left, removes the folder. */
export function leave(root: string, release: () => void): void {
  const folder = folderOf(root);
  for (const name of readdirSync(folder))
    if (!/^(episode-|lock)/.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
  release();
  try {
    rmdirSync(folder);
  } catch {
    // Saved episodes or another process's lock are in it.
  }
}

/** Moves all saved episodes into new files of the dataset. The caller holds the lock. Returns the new info. */
export async function seal(root: string): Promise<Info> {
  const info = readInfo(root);
  const saved = savedEpisodes(root, info);
  const aside = join(folderOf(root), "sealing");
  rmSync(aside, { recursive: true, force: true });
  if (saved.length === 0) return info;
  try {
    mkdirSync(aside);
    return await sealAside(root, info, saved, aside);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw located(
      `${root}: ${saved.length} saved episodes could not be moved into the dataset; they are kept in .recording and will be when it is next opened`,
      error,
    );
  }
}

async function sealAside(root: string, info: Info, saved: readonly SavedEpisode[], aside: string): Promise<Info> {
  const features = new Map(Object.entries(info.features));
  const cameras = [...features].flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));
  const records = placeEpisodes(info, cameras, saved, (await readEpisodes(root, info)).at(-1));
  const last = records.at(-1)!;
  const tasks = new Map([...(await readTasks(root, true)), ...saved.flatMap((episode) => episode.tasks)]);
  const stats = saved.map((episode): Stats => new Map(episode.stats));
  const parts = saved.map(({ length }, at) => ({ stats: stats[at]!, frames: length }));
  const total = aggregate([...(await statsSoFar(root, info)), ...parts]);
  const newInfo: Info = {
    ...info,
    total_episodes: last.index + 1,
    total_frames: last.toIndex,
    total_tasks: tasks.size,
    splits: { train: `0:${last.index + 1}` },
  };

  await joinRows(root, saved, join(aside, "data.parquet"));
  for (const camera of cameras) {
    const video = (index: number) => savedVideo(savedFolder(root, index), camera);
    const parts = saved.map(({ index, length }) => ({ path: video(index), from: 0, frames: length }));
    await joinVideos(parts, info.fps, savedVideo(aside, camera));
    sync(savedVideo(aside, camera));
  }
  writeEpisodes(
    join(aside, "episodes.parquet"),
    records,
    stats,
    features,
    await extraTypes(root, records, saved[0]!.extraTypes),
  );
  writeTasks(join(aside, "tasks.parquet"), tasks);
  writeFileSync(join(aside, "stats.json"), toJson(statsToJson(total, features), 4), { flush: true });

  const { chunk, file } = last.meta!;
  const episodes = fillPath(episodesPath, { chunk_index: chunk, file_index: file });
  moveInto(join(aside, "data.parquet"), dataFile(root, info, last));
  for (const camera of cameras)
    moveInto(savedVideo(aside, camera), videoFile(root, info, camera, last.index, last.videos.get(camera)!));
  moveInto(join(aside, "episodes.parquet"), join(root, episodes));
  moveInto(join(aside, "tasks.parquet"), join(root, tasksPath));
  moveInto(join(aside, "stats.json"), join(root, "meta/stats.json"));
  replaceFile(join(root, infoPath), toJson(newInfo, 4));

  for (const { index } of saved) removeSaved(root, index);
  rmSync(aside, { recursive: true, force: true });
  return newInfo;
}

/** Gives the saved episodes their place in the files after those of `last`, the dataset's last episode so far. */
function placeEpisodes(
  info: Info,
  cameras: readonly string[],
  saved: readonly SavedEpisode[],
  last: EpisodeRecord | undefined,
): EpisodeRecord[] {
  const next = (place: FilePlace | undefined) => nextFile(place, info.chunks_size);
  const data = next(last?.data);
  const meta = next(last?.meta);
  const places = cameras.map((camera) => [camera, next(last?.videos.get(camera)?.place)] as const);
  let frames = 0;
  return saved.map(({ index, length, fromIndex, tasks, extra }) => {
    const span = { from: frames / info.fps, to: (frames + length) / info.fps };
    frames += length;
    const videos = new Map(places.map(([camera, place]): [string, VideoSpan] => [camera, { place, ...span }]));
    const toIndex = fromIndex + length;
    return { index, length, tasks: tasks.map(([, task]) => task), extra, fromIndex, toIndex, data, videos, meta };
  });
}

/** A camera's video inside an episode's folder. */
export function savedVideo(folder: string, camera: string): string {
  return join(folder, `${camera}.mp4`);
}

/** Copies the episodes' rows into one file, a row group each. */
async function joinRows(root: string, saved: readonly SavedEpisode[], target: string): Promise<void> {
  let output: ParquetOutput | undefined;
  try {
    for (const { index } of saved) {
      const file = await openParquet(join(savedFolder(root, index), "data.parquet"));
      try {
        const columns: TableColumn[] = [];
        for (const [name, column] of file.columns)
          columns.push({ name, schema: flatten(column), values: (await file.values(name)) as TableColumn["values"] });
        const metadata = file.metadata.key_value_metadata ?? [];
        output ??= createParquet(
          target,
          columns.flatMap(({ schema }) => schema),
          Object.fromEntries(metadata.map(({ key, value }) => [key, value ?? ""])),
        );
        output.write(columns);
      } finally {
        await file.close();
      }
    }
    output?.finish();
  } finally {
    output?.abandon();
  }
}

/** stats.json, if it counts info.json's frames. A kill may have left it ahead; then the episodes' own are added up. */
async function statsSoFar(root: string, info: Info): Promise<Part[]> {
  if (info.total_episodes === 0) return [];
  if (existsSync(join(root, "meta/stats.json"))) {
    const stats = readStats(root);
    if (stats.get("frame_index")?.count === info.total_frames) return [{ stats, frames: info.total_frames }];
  }
  const stats = await readEpisodeStats(root, info);
  const episodes = await readEpisodes(root, info);
  return episodes.flatMap(({ index, length }) => {
    const own = index < info.total_episodes ? stats.get(index) : undefined;
    return own ? [{ stats: own, frames: length }] : [];
  });
}

/** JSON with bigints as {"$int": text}, for `revive`. */
function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? { $int: String(item) } : item), indent);
}

function revive(_: string, item: unknown): unknown {
  return item !== null && typeof item === "object" && "$int" in item ? BigInt(item.$int as string) : item;
}
