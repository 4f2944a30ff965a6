// Statistics of a dataset from its data, to be written where they are missing, wrong or stale.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { moveInto, replaceFile } from "../system/index.ts";
import { cameraStats } from "./camera-stats.ts";
import type { Progress } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { isCamera, isNumeric } from "./dtypes.ts";
import { episodeFiles, statColumns } from "./episodes.ts";
import { isVersion3 } from "./info.ts";
import { flatten, openParquet } from "./parquet-file.ts";
import { type TableColumn, writeTable } from "./parquet-output.ts";
import { pythonJson } from "./python-json.ts";
import { aggregate, columnStats, type Stats, statsPath, statsToJson, statsToPython } from "./stats.ts";

/** The statistics of each episode, recomputed: columns in full, pictures by LeRobot's sample of frames. */
export async function recomputeStats(source: LeRobotDataset, progress?: Progress): Promise<Map<number, Stats>> {
  const found = new Map<number, Stats>();
  for (const [at, { index, length }] of source.episodes.entries()) {
    const stats = new Map<string, ReturnType<typeof columnStats>>();
    const numeric = [...source.features].flatMap(([name, { dtype }]) => (isNumeric(dtype) ? [name] : []));
    const columns = await source.columns(index, numeric);
    for (const [name, feature] of source.features) {
      if (isCamera(feature)) stats.set(name, await cameraStats(source, index, name, 0, length));
      else if (columns.has(name)) stats.set(name, columnStats(columns.get(name)!, length));
    }
    found.set(index, stats);
    progress?.(at + 1, source.episodes.length);
  }
  return found;
}

/** Statistics of the whole dataset from those of its episodes. */
export function totalStats(source: LeRobotDataset, episodes: ReadonlyMap<number, Stats>): Stats {
  return aggregate(source.episodes.map(({ index, length }) => ({ stats: episodes.get(index)!, frames: length })));
}

/**
 * Writes the statistics of the episodes and of the whole: into meta/episodes and meta/stats.json (v3.0), or into
 * meta/episodes_stats.jsonl (v2.x). Returns the path of the last.
 */
export async function writeStats(source: LeRobotDataset, episodes: ReadonlyMap<number, Stats>): Promise<string> {
  const { root, info, features } = source;
  if (isVersion3(info)) {
    for (const file of episodeFiles(root, info)) await replaceEpisodeStats(file, source, episodes);
    const path = join(root, statsPath);
    replaceFile(path, JSON.stringify(statsToJson(totalStats(source, episodes), features), null, 4));
    return path;
  }
  const path = join(root, "meta/episodes_stats.jsonl");
  const lines = [...episodes].map(([index, stats]) => {
    const kept = new Map([...stats].map(([name, { q01, q10, q50, q90, q99, ...five }]) => [name, five] as const));
    return `${pythonJson({ episode_index: index, stats: statsToPython(kept, features) })}\n`;
  });
  replaceFile(path, lines.join(""));
  return path;
}

/** Writes one file of meta/episodes anew: its statistics are replaced, its other columns are kept. */
async function replaceEpisodeStats(
  path: string,
  { features }: LeRobotDataset,
  episodes: ReadonlyMap<number, Stats>,
): Promise<void> {
  const file = await openParquet(path);
  const kept: TableColumn[] = [];
  let indices: number[];
  try {
    indices = Array.from(await file.values("episode_index"), Number);
    for (const [name, column] of file.columns)
      if (!name.startsWith("stats/"))
        kept.push({ name, schema: flatten(column), values: Array.from(await file.values(name)) });
  } finally {
    await file.close();
  }
  const own = indices.map((index) => episodes.get(index)!);
  const aside = `${path}.tmp`;
  rmSync(aside, { force: true });
  // Metadata about the columns, such as that of Hugging Face's `datasets`, would speak of the old statistics.
  writeTable(aside, [...kept, ...statColumns(own, features)]);
  moveInto(aside, path);
}

/** One number that changes. */
export interface StatsChange {
  readonly feature: string;
  readonly measure: string;
  /** Component or channel. */
  readonly at: number;
  readonly before: number | undefined;
  readonly after: number;
}

/** The numbers of min, max, mean, std and count that differ by more than rounding. */
export function statsChanges(before: Stats | undefined, after: Stats): StatsChange[] {
  return [...after].flatMap(([feature, stats]) =>
    (["min", "max", "mean", "std", "count"] as const).flatMap((measure) => {
      const listed = (of: typeof stats | undefined) => [of?.[measure] ?? []].flat() as number[];
      const old = listed(before?.get(feature));
      return listed(stats).flatMap((value, at) => {
        const known = old[at];
        const same = known !== undefined && Math.abs(known - value) <= 1e-5 * Math.max(1e-3, Math.abs(value));
        return same ? [] : [{ feature, measure, at, before: known, after: value }];
      });
    }),
  );
}
