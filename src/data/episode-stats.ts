// Statistics in the list of episodes: meta/episodes/**.parquet (v3.0) or meta/episodes_stats.jsonl (v2.1).
import { existsSync } from "node:fs";
import { readJsonLines } from "../system/index.ts";
import { episodeFiles } from "./episodes.ts";
import { type Info, isVersion3 } from "./info.ts";
import { openParquet, type ParquetFile } from "./parquet-file.ts";
import { inside } from "./paths.ts";
import { type FeatureStats, parseFeatureStats, type Stats } from "./stats.ts";

/** The statistics of each episode, as far as it carries any. */
export async function readEpisodeStats(root: string, info: Info): Promise<Map<number, Stats>> {
  if (!isVersion3(info)) return readVersion2(inside(root, "meta/episodes_stats.jsonl"));
  const found = new Map<number, Stats>();
  for (const path of info.total_episodes > 0 ? episodeFiles(root, info) : []) {
    const file = await openParquet(path);
    try {
      for (const [index, stats] of await statsOf(file)) found.set(index, stats);
    } finally {
      await file.close();
    }
  }
  return found;
}

function readVersion2(path: string): Map<number, Stats> {
  if (!existsSync(path)) return new Map();
  return new Map(
    readJsonLines(path).map((value, at) => {
      const { episode_index: index, stats } = (value ?? {}) as Record<string, unknown>;
      const where = `${path}, line ${at + 1}`;
      if (typeof index !== "number" || !isRecord(stats))
        throw new Error(`${where}: expected episode_index and stats, got ${JSON.stringify(value).slice(0, 60)}`);
      const features = Object.entries(stats).map(([name, measures]) => {
        if (!isRecord(measures))
          throw new Error(`${where}, "${name}": expected measures, got ${JSON.stringify(measures)}`);
        return [name, parseFeatureStats(measures, `${where}, "${name}"`)] as const;
      });
      return [index, new Map(features)];
    }),
  );
}

/** The columns stats/<feature>/<measure> of one file of meta/episodes. */
async function statsOf(file: ParquetFile): Promise<[number, Stats][]> {
  const indices = await file.values("episode_index");
  const measures = new Map<string, Map<string, ArrayLike<unknown>>>();
  for (const column of file.columns.keys()) {
    const [, feature, measure] = column.match(/^stats\/(.+)\/([^/]+)$/) ?? [];
    if (!feature || !measure) continue;
    if (!measures.has(feature)) measures.set(feature, new Map());
    measures.get(feature)!.set(measure, await file.values(column));
  }
  return Array.from({ length: file.rows }, (_, row) => {
    const stats = new Map<string, FeatureStats>();
    for (const [feature, columns] of measures) {
      const cells = Object.fromEntries([...columns].map(([measure, values]) => [measure, values[row]]));
      if (Object.values(cells).some((cell) => cell !== null && cell !== undefined))
        stats.set(feature, parseFeatureStats(cells, `${file.path}, row ${row}, "${feature}"`));
    }
    return [Number(indices[row]), stats];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
