// Everything wrong with a dataset, in one pass: what LeRobot's reader relies on, checked item by item. Nothing is changed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "./convert.ts";
import { isCamera, isNumeric } from "./dtypes.ts";
import { dataFile, type EpisodeRecord, readEpisodes, videoFile } from "./episodes.ts";
import { defaultFeatures, type Info, infoPath, isVersion3, readInfo } from "./info.ts";
import { checkLabels, labelsPath, listLabels, readLabels } from "./labels.ts";
import { openParquet, type ParquetFile, toColumn } from "./parquet-file.ts";
import { decodeImage } from "./png.ts";
import { readStats } from "./stats.ts";
import { readTasks, tasksPath } from "./tasks.ts";
import type { Column } from "./types.ts";
import { probeVideo, type VideoSummary } from "./video-copy.ts";
import { toleranceSeconds } from "./video-reader.ts";

/** One thing wrong, and where: file (below the root), episode and column as far as they apply. */
export interface Problem {
  readonly file: string;
  readonly episode?: number;
  readonly column?: string;
  readonly message: string;
}

/** Lists all problems of the dataset at `root`; an empty list means that LeRobot and pistar can read all of it. */
export async function validateDataset(root: string, progress?: Progress): Promise<Problem[]> {
  const check = new Check(root);
  const info = await check.attempt(infoPath, () => readInfo(root));
  if (!info) return check.problems;
  const tasks = await check.attempt(isVersion3(info) ? tasksPath : "meta/tasks.jsonl", () =>
    readTasks(root, isVersion3(info)),
  );
  const episodes = await check.attempt(isVersion3(info) ? "meta/episodes" : "meta/episodes.jsonl", () =>
    readEpisodes(root, info),
  );
  if (isVersion3(info)) await checkTasksIndex(check, root, info);
  if (episodes) {
    checkList(check, info, episodes, tasks);
    const units = [...groupBy(episodes, (episode) => dataFile(root, info, episode))];
    const videos = videoUnits(root, info, episodes);
    const total = units.length + videos.length;
    for (const [at, [path, group]] of units.entries()) {
      await checkDataFile(check, path, group, info, tasks);
      progress?.(at + 1, total);
    }
    for (const [at, { path, camera, group }] of videos.entries()) {
      await checkVideo(check, path, camera, group, info);
      progress?.(units.length + at + 1, total);
    }
    if (isVersion3(info) && episodes.length > 0) await checkStats(check, root, info);
    await checkSidecars(check, root, episodes);
  }
  return check.problems;
}

/** Collects problems. */
class Check {
  readonly problems: Problem[] = [];
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  add(file: string, message: string, place: { readonly episode?: number; readonly column?: string } = {}): void {
    const below = file.startsWith(this.root) ? file.slice(this.root.length).replace(/^[/\\]/, "") : file;
    this.problems.push({ file: below, ...place, message });
  }

  /** Runs a step; its error becomes a problem. */
  async attempt<T>(
    file: string,
    step: () => T | Promise<T>,
    place: { readonly episode?: number; readonly column?: string } = {},
  ): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      this.add(file, (error as Error).message, place);
      return undefined;
    }
  }
}

/** LeRobot looks tasks up through the pandas index and by row number. */
async function checkTasksIndex(check: Check, root: string, info: Info): Promise<void> {
  const path = join(root, tasksPath);
  if (!existsSync(path)) {
    if (info.total_tasks > 0) check.add(tasksPath, `expected ${info.total_tasks} tasks, the file is missing`);
    return;
  }
  await check.attempt(tasksPath, async () => {
    const file = await openParquet(path);
    try {
      const pandas = file.metadata.key_value_metadata?.find(({ key }) => key === "pandas")?.value;
      const indexed = pandas ? (JSON.parse(pandas) as { index_columns?: unknown[] }).index_columns : undefined;
      if (!indexed?.some((name) => name === "task" || name === "__index_level_0__"))
        check.add(
          tasksPath,
          `expected pandas metadata with index_columns ["task"], got ${JSON.stringify(indexed) ?? "none"}`,
        );
      const numbers = Array.from(await file.values("task_index"), Number);
      if (numbers.some((number, row) => number !== row))
        check.add(tasksPath, `expected task_index 0, 1, 2, … by row, got ${numbers.slice(0, 5)}`);
    } finally {
      await file.close();
    }
  });
}

function checkList(
  check: Check,
  info: Info,
  episodes: readonly EpisodeRecord[],
  tasks: ReadonlyMap<number, string> | undefined,
): void {
  const file = isVersion3(info) ? "meta/episodes" : "meta/episodes.jsonl";
  const frames = episodes.reduce((sum, { length }) => sum + length, 0);
  const count = (name: "total_episodes" | "total_frames" | "total_tasks", found: number) => {
    if (info[name] !== found) check.add(infoPath, `${name} is ${info[name]}, the dataset has ${found}`);
  };
  count("total_episodes", episodes.length);
  count("total_frames", frames);
  if (tasks) count("total_tasks", tasks.size);
  for (const [name, { dtype, shape }] of Object.entries(defaultFeatures)) {
    const found = info.features[name];
    if (!found) check.add(infoPath, `expected the feature "${name}"`, { column: name });
    else if (found.dtype !== dtype || found.shape.length !== 1 || found.shape[0] !== shape[0])
      check.add(infoPath, `expected ${dtype} [1], got ${found.dtype} [${found.shape.join(", ")}]`, { column: name });
  }
  const texts = new Set(tasks?.values());
  let next = 0;
  const seen = new Set<number>();
  for (const { index, length, fromIndex, toIndex, tasks: own } of episodes) {
    const place = { episode: index };
    if (seen.has(index)) check.add(file, "the episode is listed twice", place);
    else if (index !== seen.size) check.add(file, `expected episode ${seen.size} here, got ${index}`, place);
    seen.add(index);
    if (fromIndex !== next || toIndex - fromIndex !== length)
      check.add(
        file,
        `expected frames ${next} to ${next + length}, got ${fromIndex} to ${toIndex} for length ${length}`,
        place,
      );
    next = toIndex;
    for (const task of own)
      if (tasks && !texts.has(task)) check.add(file, `task ${JSON.stringify(task)} is not in the list of tasks`, place);
  }
}

async function checkDataFile(
  check: Check,
  path: string,
  episodes: readonly EpisodeRecord[],
  info: Info,
  tasks: ReadonlyMap<number, string> | undefined,
): Promise<void> {
  const file = await check.attempt(path, () => openParquet(path));
  if (!file) return;
  try {
    const start = Math.min(...episodes.map(({ fromIndex }) => fromIndex));
    const rows = episodes.reduce((sum, { length }) => sum + length, 0);
    if (file.rows !== rows) check.add(path, `expected ${rows} rows (${episodes.length} episodes), got ${file.rows}`);
    for (const [name, { dtype }] of Object.entries(info.features))
      if (dtype !== "video" && !file.columns.has(name)) check.add(path, "the column is missing", { column: name });
    for (const episode of episodes) await checkRows(check, file, episode, episode.fromIndex - start, info, tasks);
  } finally {
    await file.close();
  }
}

async function checkRows(
  check: Check,
  file: ParquetFile,
  { index, length, fromIndex }: EpisodeRecord,
  start: number,
  info: Info,
  tasks: ReadonlyMap<number, string> | undefined,
): Promise<void> {
  const expected: Readonly<Record<string, (frame: number) => number>> = {
    frame_index: (frame) => frame,
    episode_index: () => index,
    index: (frame) => fromIndex + frame,
    timestamp: (frame) => frame / info.fps,
  };
  for (const [name, feature] of Object.entries(info.features)) {
    if (feature.dtype === "video" || !file.columns.has(name)) continue;
    const place = { episode: index, column: name };
    const report = (message: string) => check.add(file.path, message, place);
    const values = await check.attempt(file.path, () => file.values(name, start, start + length), place);
    if (!values) continue;
    if (isCamera(feature)) {
      await checkPictures(values, feature.shape, report);
      continue;
    }
    const column = await check.attempt(file.path, () => toColumn(values, feature, `column "${name}"`), place);
    if (!column || !isNumeric(column.dtype)) continue;
    const bad = firstBad(column, expected[name], name === "timestamp" ? toleranceSeconds : 0);
    if (bad) report(bad);
    if (name === "task_index" && tasks) {
      const unknown = Array.from(column.data, Number).find((number) => !tasks.has(number));
      if (unknown !== undefined) report(`task_index ${unknown} is not in the list of tasks`);
    }
  }
}

/** The first value that is not finite, or not what it must be. */
function firstBad(
  { data, shape }: Column,
  expected: ((frame: number) => number) | undefined,
  tolerance: number,
): string | undefined {
  const size = shape.reduce((product, side) => product * side, 1);
  const bad = { infinite: 0, wrong: 0 };
  let first: string | undefined;
  for (let at = 0; at < data.length; at++) {
    const value = Number(data[at]);
    const frame = Math.floor(at / size);
    const finite = Number.isFinite(value);
    const right = !expected || Math.abs(value - expected(frame)) <= tolerance;
    if (finite && right) continue;
    bad[finite ? "wrong" : "infinite"]++;
    first ??= `frame ${frame}: expected ${finite ? expected!(frame) : "a finite number"}, got ${value}`;
  }
  const others = bad.infinite + bad.wrong - 1;
  return first && (others > 0 ? `${first} (and ${others} values more)` : first);
}

async function checkPictures(
  values: ArrayLike<unknown>,
  [height, width]: readonly number[],
  report: (message: string) => void,
): Promise<void> {
  const cells = Array.from(values as ArrayLike<{ bytes?: Uint8Array } | null>);
  const missing = cells.findIndex((cell) => !cell?.bytes?.length);
  if (missing >= 0) return report(`frame ${missing}: expected a picture, got none`);
  for (const [frame, cell] of cells.entries()) {
    try {
      const image = await decodeImage(cell!.bytes!, `frame ${frame}`);
      if (image.width === width && image.height === height) continue;
      return report(`frame ${frame}: expected ${width}x${height}, got ${image.width}x${image.height}`);
    } catch (error) {
      return report((error as Error).message);
    }
  }
}

interface VideoUnit {
  readonly path: string;
  readonly camera: string;
  readonly group: readonly EpisodeRecord[];
}

function videoUnits(root: string, info: Info, episodes: readonly EpisodeRecord[]): VideoUnit[] {
  const cameras = Object.entries(info.features).flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));
  return cameras.flatMap((camera) =>
    [...groupBy(episodes, ({ index, videos }) => videoFile(root, info, camera, index, videos.get(camera)!))].map(
      ([path, group]) => ({ path, camera, group }),
    ),
  );
}

async function checkVideo(
  check: Check,
  path: string,
  camera: string,
  episodes: readonly EpisodeRecord[],
  info: Info,
): Promise<void> {
  const only = episodes.length === 1 ? { episode: episodes[0]!.index } : {};
  if (!existsSync(path)) {
    for (const { index } of episodes) check.add(path, "the video is missing", { episode: index, column: camera });
    return;
  }
  const video = await check.attempt(path, () => probeVideo(path), { ...only, column: camera });
  if (!video) return;
  const [height, width] = info.features[camera]!.shape;
  if (video.width !== width || video.height !== height)
    check.add(path, `expected ${width}x${height}, got ${video.width}x${video.height}`, { ...only, column: camera });
  for (const { index, length, videos } of episodes) {
    const problem = missingFrames(video, videos.get(camera)!, length, info.fps);
    if (problem) check.add(path, problem, { episode: index, column: camera });
  }
}

/** Whether a video has a frame wherever the episode needs one. */
function missingFrames(
  { times }: VideoSummary,
  { from, to }: { from: number; to: number },
  length: number,
  fps: number,
): string | undefined {
  let at = 0;
  let missing = 0;
  let first: number | undefined;
  for (let frame = 0; frame < length; frame++) {
    const time = from + frame / fps;
    while (at < times.length && times[at]! < time - toleranceSeconds) at++;
    if (at < times.length && times[at]! <= time + toleranceSeconds) continue;
    missing++;
    first ??= time;
  }
  if (missing > 0) {
    const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
    const rate = times.length > 1 ? `, ${((times.length - 1) / span).toFixed(2)} frames/s` : "";
    return `expected ${length} frames at ${fps} frames/s from ${from.toFixed(3)} s, ${missing} are missing, the first at ${first!.toFixed(3)} s; the video has ${times.length} frames${rate}`;
  }
  if (Math.abs(to - from - length / fps) > 0.5 / fps)
    return `expected ${(length / fps).toFixed(3)} s for ${length} frames, meta says ${(to - from).toFixed(3)} s`;
  return undefined;
}

/** Training normalises by stats.json: every number and picture must have an entry, over all frames. */
async function checkStats(check: Check, root: string, info: Info): Promise<void> {
  const file = "meta/stats.json";
  const stats = await check.attempt(file, () => readStats(root));
  if (!stats) return;
  for (const [name, feature] of Object.entries(info.features)) {
    const found = stats.get(name);
    if (!isCamera(feature) && !isNumeric(feature.dtype)) continue;
    if (!found) check.add(file, "the feature has no statistics", { column: name });
    else if (!isCamera(feature) && found.count !== info.total_frames)
      check.add(file, `expected statistics over ${info.total_frames} frames, they are over ${found.count}`, {
        column: name,
      });
  }
}

async function checkSidecars(check: Check, root: string, episodes: readonly EpisodeRecord[]): Promise<void> {
  const lengths: number[] = [];
  for (const { index, length } of episodes) lengths[index] = length;
  for (const kind of ["returns", "advantages"] as const)
    for (const tag of listLabels(root, kind)) {
      const path = labelsPath(root, kind, tag);
      await check.attempt(path, async () => checkLabels(path, await readLabels(root, kind, tag), lengths));
    }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
