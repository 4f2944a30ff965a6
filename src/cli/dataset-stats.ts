// pistar dataset stats: statistics as they are stored, or recomputed and written.
import {
  type LeRobotDataset,
  recomputeStats,
  type Stats,
  statsChanges,
  totalStats,
  writeStats,
} from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { print, type Reading } from "./dataset-output.ts";
import { withProgress } from "./progress.ts";
import { exact, table } from "./table.ts";

export interface StatsOptions extends Reading {
  readonly episode?: number;
  readonly write?: boolean;
}

/** Recomputes and writes statistics, and prints the changed numbers. */
export async function rewriteStats(source: LeRobotDataset, { json, rename }: Reading): Promise<void> {
  if (rename)
    throw new PistarError("bad-option", "--rename: of no use with --write, which writes the names of the files");
  // Unreadable statistics may be replaced too.
  const before = await source.stats().catch(() => undefined);
  const known = await source.episodeStats().catch(() => new Map<number, Stats>());
  const episodes = await withProgress("computing", (progress) => recomputeStats(source, progress));
  const changes = statsChanges(before, totalStats(source, episodes));
  const changed = [...episodes].flatMap(([index, stats]) =>
    statsChanges(known.get(index), stats).length > 0 ? [index] : [],
  );
  const path = await writeStats(source, episodes);
  if (json) return print({ path, changes, episodes: changed });
  if (changes.length > 0)
    console.log(
      table(
        ["feature", "measure", "at", "before", "after"],
        changes.map(({ feature, measure, at, before, after }) => [feature, measure, at, before ?? "none", after]),
      ),
    );
  console.log(`${path}: ${changes.length === 0 ? "nothing changed" : `${changes.length} numbers changed`}`);
  console.log(`statistics of ${changed.length} of ${episodes.size} episodes changed`);
}

export async function stats(source: LeRobotDataset, { episode, json }: StatsOptions): Promise<void> {
  const found = episode === undefined ? await source.stats() : (await source.episodeStats()).get(episode);
  if (!found) throw new PistarError("bad-option", `${source.root}: no statistics of episode ${episode}`);
  if (json) return print(Object.fromEntries(found));
  const measures = ["min", "max", "mean", "std", "q01", "q50", "q99"] as const;
  const rows = [...found].flatMap(([name, feature]) =>
    feature.mean!.map((_, at) => [
      feature.mean!.length > 1 ? `${name}[${at}]` : name,
      String(feature.count ?? ""),
      ...measures.map((measure) => {
        const value = feature[measure]?.[at];
        return value === undefined ? "" : exact(Number(value));
      }),
    ]),
  );
  console.log(table(["feature", "count", ...measures], rows));
}
