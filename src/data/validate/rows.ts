// Data files: every column of every episode, and whether its rows are the frames they are taken for.

import { decodeDepthPicture, depthEncoding } from "../depth.ts";
import { isCamera, isDepth, isNumeric, pictureShape } from "../dtypes.ts";
import { dataFile, type EpisodeRecord, unlisted } from "../episodes.ts";
import type { Info } from "../info.ts";
import { openParquet, type ParquetFile, toColumn } from "../parquet-file.ts";
import { decodeImage } from "../png.ts";
import { expectedRows, firstInexact, timing } from "../row-order.ts";
import type { Column, Feature } from "../types.ts";
import type { Findings } from "./problem.ts";
import type { StatsCollector } from "./statistics.ts";

export interface DataUnit {
  readonly path: string;
  readonly group: readonly EpisodeRecord[];
}

/** The data files with their episodes. Paths out of the dataset are reported. */
export function dataUnits(found: Findings, root: string, info: Info, episodes: readonly EpisodeRecord[]): DataUnit[] {
  const groups = new Map<string, EpisodeRecord[]>();
  for (const episode of episodes) {
    let path: string;
    try {
      path = dataFile(root, info, episode);
    } catch (error) {
      found.error("meta/info.json", (error as Error).message, { episode: episode.index });
      continue;
    }
    if (!groups.has(path)) groups.set(path, []);
    groups.get(path)!.push(episode);
  }
  return [...groups].map(([path, group]) => ({ path, group }));
}

export interface DataFileCheck extends DataUnit {
  readonly info: Info;
  readonly tasks: ReadonlyMap<number, string> | undefined;
  readonly collector: StatsCollector;
}

export async function checkDataFile(found: Findings, check: DataFileCheck): Promise<void> {
  const { path, group, info } = check;
  const file = await found.attempt(path, () => openParquet(path));
  if (!file) return;
  try {
    const first = Math.min(...group.map(({ fromIndex }) => fromIndex));
    const rows = group.reduce((sum, { length }) => sum + length, 0);
    if (file.rows !== rows) found.error(path, `expected ${rows} rows (${group.length} episodes), got ${file.rows}`);
    for (const [name, { dtype }] of Object.entries(info.features))
      if (dtype !== "video" && !file.columns.has(name)) found.error(path, "the column is missing", { column: name });
    for (const episode of group) {
      const start = episode.fromIndex - first;
      if (start < 0 || start + episode.length > file.rows) {
        const message = `expected rows ${start} to ${start + episode.length}, the file has ${file.rows}`;
        found.error(path, message, { episode: episode.index });
      } else await checkRows(found, file, episode, start, check);
    }
  } finally {
    await file.close();
  }
}

async function checkRows(
  found: Findings,
  file: ParquetFile,
  episode: EpisodeRecord,
  start: number,
  { info, tasks, collector }: DataFileCheck,
): Promise<void> {
  const expected = expectedRows(episode, info.fps);
  for (const [name, feature] of Object.entries(info.features)) {
    if (feature.dtype === "video" || !file.columns.has(name)) continue;
    const place = { episode: episode.index, column: name };
    const values = await found.attempt(file.path, () => file.values(name, start, start + episode.length), place);
    if (!values) continue;
    if (isCamera(feature)) {
      const wrong = await wrongPicture(values, feature);
      if (wrong) found.error(file.path, wrong, place);
      continue;
    }
    const column = await found.attempt(file.path, () => toColumn(values, feature, `column "${name}"`), place);
    if (!column || !isNumeric(column.dtype)) continue;
    const wrong = wrongValue(column, name === "timestamp" ? undefined : expected[name]);
    if (wrong) found.error(file.path, wrong, place);
    else collector.add(episode.index, name, column);
    if (name === "timestamp" && !wrong) checkTimes(found, file.path, column, info, place);
    if (name === "task_index" && tasks) checkTasks(found, file.path, column, episode, tasks);
  }
}

/** The first value that is not finite, or not as expected. */
function wrongValue({ data, shape }: Column, expected: ((frame: number) => number) | undefined): string | undefined {
  const size = shape.reduce((product, side) => product * side, 1);
  let others = -1;
  let first: string | undefined;
  for (let at = 0; at < data.length; at++) {
    const value = Number(data[at]);
    const finite = Number.isFinite(value);
    const frame = Math.floor(at / size);
    if (finite && (!expected || value === expected(frame))) continue;
    others++;
    first ??= `frame ${frame}: expected ${finite ? expected!(frame) : "a finite number"}, got ${value}`;
  }
  return first && (others > 0 ? `${first} (and ${others} values more)` : first);
}

function checkTimes(
  found: Findings,
  path: string,
  { data }: Column,
  { fps, features }: Info,
  place: { readonly episode: number; readonly column: string },
): void {
  const kind = timing(data as Float32Array, fps);
  if (kind === "exact") return;
  const times = data as ArrayLike<number>;
  const at = firstInexact(times, fps);
  const text = `frame ${at}: expected ${at / fps}, got ${times[at]}`;
  const videos = Object.values(features).some(({ dtype }) => dtype === "video");
  if (kind === "wrong") found.error(path, text, place);
  else if (kind === "last")
    found.add("note", path, `${text}; only the last time is off, by less than two frames`, place);
  else if (videos) found.warn(path, `${text}; times are as recorded, LeRobot looks for video frames at these`, place);
  else found.add("note", path, `${text}; times are as recorded, not frame / fps`, place);
}

function checkTasks(
  found: Findings,
  path: string,
  { data }: Column,
  { index, tasks: listed }: EpisodeRecord,
  tasks: ReadonlyMap<number, string>,
): void {
  const place = { episode: index, column: "task_index" };
  const numbers = [...new Set(Array.from(data, Number))];
  const unknown = numbers.find((number) => !tasks.has(number));
  if (unknown !== undefined) found.error(path, `task_index ${unknown} is not in the list of tasks`, place);
  if (unknown !== undefined || listed === unlisted) return;
  const texts = new Set(numbers.map((number) => tasks.get(number)!));
  const known = new Set(tasks.values());
  const more = listed.find((task) => known.has(task) && !texts.has(task));
  const less = [...texts].find((text) => !listed.includes(text));
  if (less !== undefined)
    found.warn(path, `frames have the task ${JSON.stringify(less)}, the list of episodes does not`, place);
  if (more !== undefined)
    found.warn(path, `the list of episodes has the task ${JSON.stringify(more)}, no frame does`, place);
}

async function wrongPicture(values: ArrayLike<unknown>, feature: Feature): Promise<string | undefined> {
  const shape = pictureShape(feature);
  if (!shape) return `expected a shape of three sides, got [${feature.shape.join(", ")}]`;
  const { width, height } = shape;
  const depth = isDepth(feature);
  for (let frame = 0; frame < values.length; frame++) {
    const bytes = (values[frame] as { readonly bytes?: Uint8Array } | null)?.bytes;
    if (!bytes?.length) return `frame ${frame}: expected a picture, got none`;
    try {
      const where = `frame ${frame}`;
      const picture = depth
        ? await decodeDepthPicture(bytes, depthEncoding(feature, where), where)
        : await decodeImage(bytes, where);
      if (picture.width !== width || picture.height !== height)
        return `frame ${frame}: expected ${width}x${height}, got ${picture.width}x${picture.height}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}
