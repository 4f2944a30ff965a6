// The list of episodes and the places of their rows and frames: meta/episodes/**.parquet (v3.0) or meta/episodes.jsonl
// (v2.x).
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { checked, located, PistarError, readJsonLines } from "../system/index.ts";
import { dtypeOf, listColumn } from "./dtypes.ts";
import { type FilePlace, fillPath, type Info, infoPath, isVersion3 } from "./info.ts";
import { openParquet, type ParquetFile } from "./parquet-file.ts";
import { scalars, type TableColumn, writeTable } from "./parquet-output.ts";
import { inside } from "./paths.ts";
import { type Stats, statEntries } from "./stats.ts";
import type { Episode, Feature } from "./types.ts";

/** The span of an episode's frames of one camera inside an mp4 file, seconds. */
export interface VideoSpan {
  readonly place: FilePlace;
  readonly from: number;
  readonly to: number;
}

export interface EpisodeRecord extends Episode {
  /** Global index of the first frame and of the one after the last. */
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly data: FilePlace;
  readonly videos: ReadonlyMap<string, VideoSpan>;
  /** Its file in meta/episodes; undefined in v2.x. */
  readonly meta: FilePlace | undefined;
}

const own =
  /^(episode_index|tasks|length|dataset_(from|to)_index|(data|meta\/episodes)\/(chunk|file)_index|videos\/.*|stats\/.*)$/;

/** The tasks of an episode in a dataset without a list. They follow from its frames' task_index. */
export const unlisted: readonly string[] = [];

/** All listed episodes in order of their index. */
export async function readEpisodes(root: string, info: Info): Promise<EpisodeRecord[]> {
  if (!isVersion3(info)) return readVersion2(root, info);
  const cameras = videoFeatures(info);
  const recording = existsSync(join(root, ".recording"));
  const records: EpisodeRecord[] = [];
  for (const path of info.total_episodes > 0 || !recording ? episodeFiles(root, info) : []) {
    const file = await openParquet(path);
    try {
      records.push(...(await recordsOf(file, cameras)));
    } finally {
      await file.close();
    }
  }
  // While a recording moves its files into place, meta/episodes may be ahead of info.json. Then info.json decides.
  const counted = recording ? records.filter(({ index }) => index < info.total_episodes) : records;
  return counted.sort((a, b) => a.index - b.index);
}

const videoFeatures = ({ features }: Info): string[] =>
  Object.entries(features).flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));

/** The episodes in one file of meta/episodes. */
async function recordsOf(file: ParquetFile, cameras: readonly string[]): Promise<EpisodeRecord[]> {
  const names = [...file.columns.keys()].filter((name) => !name.startsWith("stats/"));
  const columns = new Map<string, ArrayLike<unknown>>();
  for (const name of names) columns.set(name, await file.values(name));
  return Array.from({ length: file.rows }, (_, row) => recordOf(file.path, columns, row, cameras));
}

function recordOf(
  path: string,
  columns: ReadonlyMap<string, ArrayLike<unknown>>,
  row: number,
  cameras: readonly string[],
): EpisodeRecord {
  const cell = (name: string): unknown => {
    const column = columns.get(name);
    if (!column)
      throw new PistarError(
        "damaged-file",
        `${path}: expected a column "${name}", it has ${[...columns.keys()].join(", ")}`,
        { path },
      );
    return column[row];
  };
  const number = (name: string): number => {
    const value = Number(cell(name) ?? Number.NaN);
    if (!(value >= 0 && value < Infinity))
      throw new PistarError(
        "damaged-file",
        `${path}, row ${row}, column "${name}": expected a number from 0 up, got ${cell(name)}`,
        { path },
      );
    return value;
  };
  const int = (name: string): number => {
    const value = number(name);
    if (!Number.isSafeInteger(value))
      throw new PistarError(
        "damaged-file",
        `${path}, row ${row}, column "${name}": expected an integer, got ${cell(name)}`,
        { path },
      );
    return value;
  };
  const place = (prefix: string): FilePlace => ({
    chunk: int(`${prefix}/chunk_index`),
    file: int(`${prefix}/file_index`),
  });
  const video = (key: string): VideoSpan => ({
    place: place(`videos/${key}`),
    from: number(`videos/${key}/from_timestamp`),
    to: number(`videos/${key}/to_timestamp`),
  });
  const extra = [...columns.keys()].flatMap((name) =>
    own.test(name) || (cell(name) ?? null) === null ? [] : [[name, cell(name)] as const],
  );
  return {
    index: int("episode_index"),
    length: int("length"),
    tasks: columns.has("tasks") ? Array.from((cell("tasks") as ArrayLike<string> | null) ?? [], String) : unlisted,
    extra: Object.fromEntries(extra),
    fromIndex: int("dataset_from_index"),
    toIndex: int("dataset_to_index"),
    data: place("data"),
    videos: new Map(cameras.map((key) => [key, video(key)])),
    meta: placeOf(path),
  };
}

const line = z.looseObject({
  episode_index: z.int().min(0),
  tasks: z.array(z.string()).optional(),
  length: z.int().min(0),
});

function readVersion2(root: string, info: Info): EpisodeRecord[] {
  const path = inside(root, "meta/episodes.jsonl");
  const cameras = videoFeatures(info);
  const lines = readJsonLines(path).map((value, at) => {
    return checked(line, value, `${path}, line ${at + 1}`);
  });
  let fromIndex = 0;
  return lines
    .sort((a, b) => a.episode_index - b.episode_index)
    .map(({ episode_index: index, tasks = unlisted, length, ...extra }) => {
      const place = { chunk: Math.floor(index / info.chunks_size), file: index };
      const span = { place, from: 0, to: length / info.fps };
      const record = { index, length, tasks, extra, fromIndex, toIndex: fromIndex + length, data: place };
      fromIndex += length;
      return { ...record, videos: new Map(cameras.map((key) => [key, span])), meta: undefined };
    });
}

/** Path of the parquet file with an episode's rows. */
export function dataFile(root: string, info: Info, { index, data }: Pick<EpisodeRecord, "index" | "data">): string {
  return filled(root, info.data_path, templateValues(index, data));
}

/** Path of the mp4 file with an episode's frames of one camera. */
export function videoFile(root: string, info: Info, camera: string, index: number, { place }: VideoSpan): string {
  if (!info.video_path)
    throw new Error(`${join(root, "meta/info.json")}: feature "${camera}" is video, but video_path says nowhere`);
  return filled(root, info.video_path, { ...templateValues(index, place), video_key: camera });
}

/** The path that a template of info.json gives, inside the dataset. */
function filled(root: string, template: string, values: Readonly<Record<string, string | number>>): string {
  let file: string;
  try {
    file = fillPath(template, values);
  } catch (error) {
    throw located(join(root, infoPath), error);
  }
  return inside(root, file);
}

function templateValues(index: number, { chunk, file }: FilePlace): Record<string, number> {
  return { chunk_index: chunk, file_index: file, episode_chunk: chunk, episode_index: index };
}

/** The parquet files of meta/episodes in order. */
export function episodeFiles(root: string, info: Pick<Info, "total_episodes">): string[] {
  const folder = join(root, "meta/episodes");
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const found = files.filter((name) => name.endsWith(".parquet")).sort();
  if (found.length === 0 && info.total_episodes > 0)
    throw new PistarError(
      "missing-file",
      `${folder}: expected the list of episodes (meta/episodes/chunk-000/file-000.parquet)`,
      { path: folder },
    );
  return found.map((name) => inside(root, join("meta/episodes", name)));
}

function placeOf(path: string): FilePlace | undefined {
  const match = path.match(/chunk-(\d+)[/\\]file-(\d+)\.parquet$/);
  return match ? { chunk: Number(match[1]), file: Number(match[2]) } : undefined;
}

/**
 * The episode-level columns beyond the format's own, by type. All files of a dataset must have the same ones: those of its
 * first file, or while there is none, those of `recorded` and `episode_success`.
 */
export async function extraTypes(
  root: string,
  recorded: readonly Episode[],
  settled?: readonly (readonly [string, string])[],
): Promise<Map<string, string>> {
  const types = new Map<string, string>();
  const [first] = episodeFiles(root, { total_episodes: 0 });
  if (first) {
    const file = await openParquet(first);
    for (const [name, column] of file.columns)
      if (!own.test(name)) types.set(name, dtypeOf(column.element) ?? "string");
    await file.close();
    return types;
  }
  if (settled) return new Map(settled);
  types.set("episode_success", "string");
  const dtypes = { string: "string", number: "float64", bigint: "int64", boolean: "bool" } as const;
  for (const [name, value] of recorded.flatMap(({ extra }) => Object.entries(extra)))
    if (value !== null) types.set(name, dtypes[typeof value as keyof typeof dtypes]);
  return types;
}

/** Refuses an episode-level value too wide for its column. */
export function checkExtra(extra: Readonly<Record<string, unknown>>, types: ReadonlyMap<string, string>): void {
  for (const [name, value] of Object.entries(extra)) {
    const expected = types.get(name);
    if (!expected)
      throw new Error(
        `episode column "${name}": the dataset's episodes have ${[...types.keys()].join(", ") || "no such columns"}; columns are settled by the first episodes written`,
      );
    const fits = { string: "string", float64: "number", int64: "bigint", bool: "boolean" }[expected];
    if (value !== null && typeof value !== fits)
      throw new Error(`episode column "${name}": expected ${fits}, got ${typeof value} ${value}`);
  }
}

/** Writes one file of meta/episodes. `extras` are the types of the further columns. */
export function writeEpisodes(
  path: string,
  episodes: readonly EpisodeRecord[],
  stats: readonly Stats[],
  features: ReadonlyMap<string, Feature>,
  extras: ReadonlyMap<string, string>,
): void {
  const int = (name: string, of: (episode: EpisodeRecord) => number) =>
    scalars(
      name,
      "int64",
      episodes.map((episode) => BigInt(of(episode))),
    );
  const place = (prefix: string, of: (episode: EpisodeRecord) => FilePlace) => [
    int(`${prefix}/chunk_index`, (episode) => of(episode).chunk),
    int(`${prefix}/file_index`, (episode) => of(episode).file),
  ];
  const seconds = (name: string, of: (episode: EpisodeRecord) => number) => scalars(name, "float64", episodes.map(of));
  const cameras = [...(episodes[0]?.videos.keys() ?? [])];
  const columns: TableColumn[] = [
    int("episode_index", (episode) => episode.index),
    { name: "tasks", schema: listColumn("tasks", "string", 1), values: episodes.map((episode) => [...episode.tasks]) },
    int("length", (episode) => episode.length),
    ...place("data", (episode) => episode.data),
    int("dataset_from_index", (episode) => episode.fromIndex),
    int("dataset_to_index", (episode) => episode.toIndex),
    ...cameras.flatMap((camera) => [
      ...place(`videos/${camera}`, (episode) => episode.videos.get(camera)!.place),
      seconds(`videos/${camera}/from_timestamp`, (episode) => episode.videos.get(camera)!.from),
      seconds(`videos/${camera}/to_timestamp`, (episode) => episode.videos.get(camera)!.to),
    ]),
    ...statColumns(stats, features),
    ...[...extras].map(([name, dtype]) =>
      scalars(
        name,
        dtype,
        episodes.map(({ extra }) => extra[name] ?? null),
      ),
    ),
    ...place("meta/episodes", (episode) => episode.meta!),
  ];
  writeTable(path, columns);
}

/** The columns stats/<feature>/<measure>, a row an episode. */
export function statColumns(stats: readonly Stats[], features: ReadonlyMap<string, Feature>): TableColumn[] {
  return [...(stats[0]?.keys() ?? [])].flatMap((name) => {
    const feature = features.get(name);
    const rows = stats.map((episode) => new Map(statEntries(episode.get(name)!, feature)));
    const depth = feature?.dtype === "video" || feature?.dtype === "image" ? 3 : 1;
    return [...rows[0]!.keys()].map((measure): TableColumn => {
      const count = measure === "count";
      const values = rows.map((row) =>
        count ? row.get(measure)!.map((value) => BigInt(value as number)) : row.get(measure)!,
      );
      const column = `stats/${name}/${measure}`;
      return { name: column, schema: listColumn(column, count ? "int64" : "float64", count ? 1 : depth), values };
    });
  });
}
