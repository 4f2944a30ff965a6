// Copies episodes, whole or in part, into a new dataset of version 3.0: rows bit for bit, videos without re-encoding if
// a copy begins at a key frame. Every rewriting of data builds on this.
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PistarError, replaceFile } from "../system/index.ts";
import { cameraStats } from "./camera-stats.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { isCamera, isDepth, isKnown } from "./dtypes.ts";
import type { EpisodeContent } from "./episode-files.ts";
import type { EpisodeRecord } from "./episodes.ts";
import { extraColumns, plainExtra } from "./extra-columns.ts";
import { defaultFeatures, infoPath, readInfo } from "./info.ts";
import { copyLabels } from "./label-copy.ts";
import { misplacedRow, timing } from "./row-order.ts";
import type { FeatureStats } from "./stats.ts";
import type { Column, Feature } from "./types.ts";
import { copyUnknownMeta, unknownInfo } from "./unknown-meta.ts";
import { startsAtKeyFrame, type VideoPart } from "./video-copy.ts";
import { encodePart } from "./video-cut.ts";
import { createWriter } from "./writer.ts";

/** Called after each episode: how many are done, of how many. */
export type Progress = (done: number, total: number) => void;

/** Frames `from` to `to` (default: all) of an episode, as they become an episode of the copy. */
export interface Piece {
  readonly source: LeRobotDataset;
  readonly episode: number;
  readonly from?: number;
  readonly to?: number;
  /** Changed episode-level columns; null clears one. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Changes in a copy: more columns, other instructions. */
export interface Changes {
  /** The copy's additional features. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Their columns for a whole episode of a source, and the instruction of each frame if it changes. */
  change(
    source: LeRobotDataset,
    episode: number,
    tasks: readonly string[],
  ): Promise<{ columns: ReadonlyMap<string, Column>; tasks: readonly string[] }>;
}

export interface CopyOptions {
  readonly changes?: Changes;
  /** Features to leave out. */
  readonly without?: readonly string[];
  /** Whether damage is mended: rows are taken in the order of frame_index, impossible times replaced by frame / fps. */
  readonly repair?: boolean;
  readonly progress?: Progress;
  /** Receives each difference between copy and source, a sentence each. */
  readonly onNote?: (note: string) => void;
}

/**
 * Writes the pieces, one episode each, as a new dataset at `target`. The dataset is made beside it under the name
 * `<target>.unfinished` and renamed at the end. Labels follow their frames. Unknown parts of meta/ and info.json come
 * along. Statistics are computed anew.
 *
 * @param pieces from datasets with the same fps and features
 * @throws Error if an episode's rows are out of place (unless repaired), or nothing is left to copy
 */
export async function copyEpisodes(pieces: readonly Piece[], target: string, options: CopyOptions = {}): Promise<void> {
  const [first] = pieces;
  if (!first)
    throw new PistarError("bad-option", `${target}: expected at least one episode to copy, got none`, { path: target });
  await buildAside(target, async (folder) => {
    await writeEpisodes(pieces, folder, options);
    await copyLabels(pieces, folder);
    await keepUnknown(pieces, folder);
  });
}

/** Lets `build` fill a folder beside `target`. Complete, it becomes `target`. */
export async function buildAside(target: string, build: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new PistarError("already-there", `${target}: expected a folder that is new or empty`, { path: target });
  const around = datasetAround(target);
  if (around !== undefined)
    throw new PistarError("bad-option", `${target}: expected a folder outside of datasets, got one inside ${around}`, {
      path: target,
    });
  const folder = `${target.replace(/[/\\]+$/, "")}.unfinished`;
  rmSync(folder, { recursive: true, force: true });
  try {
    await build(folder);
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } catch (error) {
    // Part of a dataset must not pass for the whole.
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The dataset that a folder lies in, if any. */
function datasetAround(folder: string): string | undefined {
  const parent = dirname(resolve(folder));
  if (parent === resolve(folder)) return undefined;
  return existsSync(join(parent, infoPath)) ? parent : datasetAround(parent);
}

async function writeEpisodes(pieces: readonly Piece[], folder: string, options: CopyOptions): Promise<void> {
  const { source } = pieces[0]!;
  const kept = [...source.features].filter(([name]) => !options.without?.includes(name));
  const own = kept.filter(([name, { dtype }]) => !(name in defaultFeatures) && isKnown(dtype));
  const carried = kept.filter(([, { dtype }]) => !isKnown(dtype));
  const writer = await createWriter(folder, {
    fps: source.fps,
    ...(source.robotType && { robotType: source.robotType }),
    features: { ...Object.fromEntries(own), ...options.changes?.features },
    carried: Object.fromEntries(carried),
    extras: extraColumns(
      pieces.map(({ source, episode, extra }) => ({ ...recordOf(source, episode).extra, ...extra })),
    ),
  });
  try {
    for (const [at, piece] of pieces.entries()) {
      const undeclared = (await piece.source.undeclared()).filter((name) => !options.without?.includes(name));
      const names = [...carried.map(([name]) => name), ...undeclared];
      await writer.appendEpisode(await contentOf(piece, { own, carried: names, folder, options }));
      options.progress?.(at + 1, pieces.length);
    }
  } catch (error) {
    await writer.close().catch(() => {});
    throw error;
  }
  await writer.close();
}

interface CopyPlan {
  readonly own: readonly (readonly [string, Feature])[];
  /** Columns carried along in parquet's form. */
  readonly carried: readonly string[];
  readonly folder: string;
  readonly options: CopyOptions;
}

async function contentOf(piece: Piece, { own, carried, folder, options }: CopyPlan): Promise<EpisodeContent> {
  const { source, episode } = piece;
  const record = recordOf(source, episode);
  const { from = 0, to = record.length } = piece;
  if (!(from >= 0 && from < to && to <= record.length))
    throw new PistarError(
      "bad-option",
      `${source.root}, episode ${episode}: expected frames within 0 to ${record.length}, got ${from} to ${to}`,
      { path: source.root },
    );
  await checkOrder(source, record, options);
  const cut = from > 0 || to < record.length;
  const rows = <T extends { slice(start: number, end: number): T }>(values: T, size = 1) =>
    cut ? values.slice(from * size, to * size) : values;
  const names = own.flatMap(([name, feature]) => (isCamera(feature) ? [] : [name]));
  const stored = await source.columns(episode, [...names, "task_index"]);
  const tasks = taskTexts(source, episode, stored.get("task_index")!);
  const changed = await options.changes?.change(source, episode, tasks);
  const timestamps = cut ? undefined : await recordedTimes(source, record, options);
  const columns = new Map([...stored, ...(changed?.columns ?? [])]);
  const cameras = await cameraContent(piece, { from, to }, own, folder);
  return {
    length: to - from,
    tasks: rows([...(changed?.tasks ?? tasks)]),
    columns: new Map(
      [...columns].map(([name, column]) => {
        const size = column.data.length / record.length;
        return [name, { ...column, data: rows(column.data as Float32Array, size) }];
      }),
    ),
    ...cameras,
    carried: await Promise.all(
      carried.map(async (name) => {
        const column = await source.raw(episode, name);
        return {
          ...column,
          values: cut ? Array.from(column.values as ArrayLike<unknown>).slice(from, to) : column.values,
        };
      }),
    ),
    extra: plainExtra({ ...record.extra, ...piece.extra }),
    ...(timestamps && { timestamps }),
  };
}

function recordOf(source: LeRobotDataset, episode: number): EpisodeRecord {
  const found = source.episodes.find(({ index }) => index === episode);
  if (!found)
    throw new PistarError(
      "bad-option",
      `${source.root}: expected one of its ${source.episodes.length} episodes, got ${episode}`,
      { path: source.root },
    );
  return found;
}

/**
 * Checks the order of an episode's rows. With `repair` the dataset gives them in order, and a note says so.
 * @throws Error naming the first misplaced row, and the way to mend it
 */
export async function checkOrder(
  source: LeRobotDataset,
  record: EpisodeRecord,
  { repair, onNote }: Pick<CopyOptions, "repair" | "onNote">,
): Promise<void> {
  if (repair && (await source.isOutOfOrder(record.index)))
    onNote?.(`${source.root}, episode ${record.index}: rows were out of order and are sorted by frame_index`);
  const wrong = await misplacedRow(source, record);
  if (wrong)
    throw new PistarError(
      "damaged-file",
      `${source.root}, episode ${record.index}, ${wrong}; \`pistar dataset validate\` lists all damage, --repair takes the rows in the order of frame_index`,
      { path: source.root },
    );
}

/**
 * The episode's timestamps if a real clock gave them. Undefined if frame / fps gives the same.
 * @throws Error if they are impossible, unless repaired
 */
export async function recordedTimes(
  source: LeRobotDataset,
  { index }: EpisodeRecord,
  { repair, onNote }: Pick<CopyOptions, "repair" | "onNote">,
): Promise<Column | undefined> {
  if (!source.features.has("timestamp")) return undefined;
  const column = (await source.columns(index, ["timestamp"])).get("timestamp")!;
  const where = `${source.root}, episode ${index}`;
  const kind = timing(column.data as Float32Array, source.fps);
  if (kind === "exact") return undefined;
  if (kind !== "wrong") {
    onNote?.(`${where}: timestamps are not frame / fps; they are kept as recorded`);
    return { ...column, dtype: "float32", data: Float32Array.from(column.data as Float32Array, Number) };
  }
  if (!repair)
    throw new Error(`${where}: timestamps are more than half a frame from frame / fps; --repair replaces them by it`);
  onNote?.(`${where}: timestamps were more than half a frame from frame / fps and are replaced by it`);
  return undefined;
}

/** The instruction of each frame. */
function taskTexts(source: LeRobotDataset, episode: number, { data }: Column): string[] {
  return Array.from(data as BigInt64Array, (number) => {
    const text = source.tasks.get(Number(number));
    if (text === undefined)
      throw new PistarError(
        "damaged-file",
        `${source.root}, episode ${episode}: task_index ${number} is not in the list of tasks`,
        { path: source.root },
      );
    return text;
  });
}

async function cameraContent(
  { source, episode }: Piece,
  { from, to }: { readonly from: number; readonly to: number },
  own: CopyPlan["own"],
  folder: string,
): Promise<Pick<EpisodeContent, "pictures" | "videos" | "cameraStats">> {
  const stats = new Map<string, FeatureStats>();
  const pictures = new Map<string, Uint8Array[]>();
  const videos = new Map<string, VideoPart>();
  for (const [name, feature] of own.filter(([, feature]) => isCamera(feature))) {
    stats.set(name, await cameraStats(source, episode, name, from, to));
    if (feature.dtype === "image") pictures.set(name, (await storedPictures(source, episode, name)).slice(from, to));
    else videos.set(name, await videoPart(source, episode, name, { from, to }, folder));
  }
  return { pictures, videos, cameraStats: stats };
}

/** A stretch of an episode's video. It is encoded anew into its own file unless it begins at a key frame. */
async function videoPart(
  source: LeRobotDataset,
  episode: number,
  camera: string,
  { from, to }: { readonly from: number; readonly to: number },
  folder: string,
): Promise<VideoPart> {
  const whole = source.video(episode, camera);
  const part = { path: whole.path, from: whole.from + from / source.fps, frames: to - from };
  if (from === 0 || (await startsAtKeyFrame(part))) return part;
  if (isDepth(source.features.get(camera)!))
    throw new PistarError(
      "damaged-file",
      `${part.path}: expected a key frame at ${part.from.toFixed(4)} s; depth video is not encoded anew, cut it a frame earlier or later`,
      { path: part.path },
    );
  return encodePart(part, source.fps, source.features.get(camera)!, join(folder, ".recording", `cut-${camera}.mp4`));
}

async function storedPictures(source: LeRobotDataset, episode: number, camera: string): Promise<Uint8Array[]> {
  const { values } = await source.raw(episode, camera);
  return Array.from(values as ArrayLike<{ bytes?: Uint8Array } | null>, (cell, frame) => {
    if (!cell?.bytes)
      throw new PistarError(
        "damaged-file",
        `${source.root}, episode ${episode}, column "${camera}", frame ${frame}: expected a picture, got none`,
        { path: source.root },
      );
    return cell.bytes;
  });
}

/** Brings unknown parts along. */
async function keepUnknown(pieces: readonly Piece[], folder: string): Promise<void> {
  const sources = [...new Set(pieces.map(({ source }) => source))];
  for (const source of sources) copyUnknownMeta(source.root, folder);
  const more = Object.assign({}, ...sources.map(({ info }) => unknownInfo(info)).reverse()) as object;
  if (Object.keys(more).length === 0) return;
  replaceFile(join(folder, infoPath), JSON.stringify({ ...readInfo(folder), ...more }, null, 4));
}
