// Checks statistics against the data. pistar recomputes them; LeRobot trains with the file's.
import { existsSync } from "node:fs";
import { isCamera, isDepth, isNumeric } from "../dtypes.ts";
import { readEpisodeStats } from "../episode-stats.ts";
import type { EpisodeRecord } from "../episodes.ts";
import { defaultFeatures, type Info, isVersion3 } from "../info.ts";
import { inside } from "../paths.ts";
import { type FeatureStats, readStats, type Stats, statsPath } from "../stats.ts";
import type { Column, Feature } from "../types.ts";
import { pictureMoments } from "./picture-moments.ts";
import type { Findings, Place } from "./problem.ts";

const measures = ["min", "max", "mean", "std"] as const;
type Measure = (typeof measures)[number];

/** One number of a feature over many frames. `squares` is Σ (x − mean)². */
interface Moments {
  count: number;
  min: number;
  max: number;
  mean: number;
  squares: number;
}

/** Gathers the true statistics of numeric columns during reading. */
export class StatsCollector {
  readonly total = new Map<string, Moments[]>();
  readonly episodes = new Map<number, Map<string, Moments[]>>();
  private readonly perEpisode: boolean;

  constructor(info: Info) {
    this.perEpisode = !isVersion3(info);
  }

  add(episode: number, name: string, { data, shape }: Column): void {
    const width = shape.reduce((product, side) => product * side, 1);
    const found = Array.from({ length: width }, (_, at) => momentsOf(data as ArrayLike<number>, width, at));
    const before = this.total.get(name);
    this.total.set(name, before ? before.map((one, at) => merged(one, found[at]!)) : found);
    if (!this.perEpisode) return;
    if (!this.episodes.has(episode)) this.episodes.set(episode, new Map());
    this.episodes.get(episode)!.set(name, found);
  }
}

function momentsOf(data: ArrayLike<number | bigint>, width: number, at: number): Moments {
  let [count, min, max, mean, squares] = [0, Infinity, -Infinity, 0, 0];
  for (let i = at; i < data.length; i += width) {
    const value = Number(data[i]);
    count++;
    if (value < min) min = value;
    if (value > max) max = value;
    const off = value - mean;
    mean += off / count;
    squares += off * (value - mean);
  }
  return { count, min, max, mean, squares };
}

function merged(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  if (count === 0) return a;
  const apart = b.mean - a.mean;
  return {
    count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: a.mean + (apart * b.count) / count,
    squares: a.squares + b.squares + (apart * apart * a.count * b.count) / count,
  };
}

/** Checks stats.json, or in v2.1 the statistics of each episode, against the data. */
export async function checkStats(
  found: Findings,
  root: string,
  info: Info,
  episodes: readonly EpisodeRecord[],
  collector: StatsCollector,
): Promise<void> {
  if (episodes.length === 0) return;
  if (isVersion3(info)) {
    const stats = await found.attempt(statsPath, () => readStats(root), {}, "warning");
    if (!stats) return;
    compare(found, statsPath, info, stats, collector.total, info.total_frames, {});
    await comparePictures(found, statsPath, root, info, episodes, stats);
    return;
  }
  const file = "meta/episodes_stats.jsonl";
  // v2.0 has stats.json in their place, as a whole.
  if (!existsSync(inside(root, file))) return;
  const stats = await found.attempt(file, () => readEpisodeStats(root, info), {}, "warning");
  for (const { index, length } of stats ? episodes : []) {
    const own = stats!.get(index);
    if (!own) found.warn(file, "the episode has no statistics; LeRobot's converter needs them", { episode: index });
    else compare(found, file, info, own, collector.episodes.get(index) ?? new Map(), length, { episode: index });
  }
}

function compare(
  found: Findings,
  file: string,
  { features }: Info,
  stats: Stats,
  computed: ReadonlyMap<string, readonly Moments[]>,
  frames: number,
  where: Place,
): void {
  for (const [name, feature] of Object.entries(features)) {
    if (!isCamera(feature) && !isNumeric(feature.dtype)) continue;
    const place = { ...where, column: name };
    const listed = stats.get(name);
    const report = (message: string) =>
      name in defaultFeatures
        ? found.add("note", file, message, place)
        : found.warn(file, `${message}; LeRobot trains with it, pistar recomputes`, place);
    if (!listed) found.warn(file, "the feature has no statistics", place);
    else if (!isCamera(feature)) {
      if (listed.count !== undefined && listed.count !== frames)
        report(`expected statistics over ${frames} frames, they are over ${listed.count}`);
      const wrong = malformed(listed, feature) ?? differing(listed, feature, computed.get(name));
      if (wrong) report(wrong);
    } else {
      const wrong = malformed(listed, feature);
      if (wrong) report(wrong);
    }
  }
}

/** Faults of statistics by themselves. */
function malformed(stats: FeatureStats, feature: Feature): string | undefined {
  const whole = feature.shape.reduce((product, side) => product * side, 1);
  const widths = isCamera(feature) ? [isDepth(feature) ? 1 : 3] : [feature.shape.at(-1) ?? 1, whole];
  for (const measure of measures) {
    const values = stats[measure];
    if (!values) return `there is no ${measure}`;
    if (!widths.includes(values.length)) return `expected ${widths[0]} numbers for ${measure}, got ${values.length}`;
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `expected finite numbers for ${measure}, got ${values[at]} at ${at}`;
  }
  const { min, max, mean, std } = stats as Required<FeatureStats>;
  for (const [at, low] of min.entries()) {
    const [high, middle] = [max[at]!, mean[at]!];
    const slack = 1e-4 * Math.max(high - low, Math.abs(middle)) + 1e-9;
    if (low > high) return `min ${short(low)} is above max ${short(high)} at ${at}`;
    if (middle < low - slack || middle > high + slack)
      return `mean ${short(middle)} is not between min ${short(low)} and max ${short(high)} at ${at}`;
    if (std[at]! < 0 || std[at]! > (high - low) / Math.SQRT2 + slack)
      return `std ${short(std[at]!)} cannot be, between min ${short(low)} and max ${short(high)} at ${at}`;
  }
  return undefined;
}

/** The first measure that differs from the data's. */
function differing(stats: FeatureStats, feature: Feature, moments: readonly Moments[] | undefined): string | undefined {
  if (!moments) return undefined;
  const width = stats.mean!.length;
  // Statistics of a matrix have an entry for each of the last axis's, over all rows.
  const groups = Array.from({ length: width }, (_, at) =>
    moments.filter((_, i) => i % width === at).reduce((a, b) => merged(a, b)),
  );
  for (const [at, { count, min, max, mean, squares }] of groups.entries()) {
    const std = Math.sqrt(squares / count);
    const computed: Readonly<Record<Measure, number>> = { min, max, mean, std };
    // Single precision, and the one or the other of the two definitions of the deviation.
    const slack = 1e-3 * (max - min) + 1e-5 * Math.max(Math.abs(min), Math.abs(max)) + 1e-9;
    const sample = count > 1 ? std * (Math.sqrt(count / (count - 1)) - 1) : 0;
    for (const measure of measures) {
      const value = stats[measure]![at]!;
      if (Math.abs(value - computed[measure]) <= slack + (measure === "std" ? sample : 0)) continue;
      const entry = feature.shape.length === 1 && width === 1 ? "" : ` at ${at}`;
      return `${measure} is ${short(value)}${entry}, the data gives ${short(computed[measure])}`;
    }
  }
  return undefined;
}

/** Compares the statistics of colour pictures with a sample of frames; only gross differences are told. */
async function comparePictures(
  found: Findings,
  file: string,
  root: string,
  info: Info,
  episodes: readonly EpisodeRecord[],
  stats: Stats,
): Promise<void> {
  for (const [name, feature] of Object.entries(info.features)) {
    const listed = stats.get(name);
    if (!isCamera(feature) || isDepth(feature) || listed?.mean?.length !== 3 || listed.std?.length !== 3) continue;
    // An unreadable image has been reported with its file.
    const sampled = await pictureMoments(root, info, episodes, name).catch(() => undefined);
    if (!sampled) continue;
    const wrong = [0, 1, 2].flatMap((channel) => {
      const [mean, std] = [listed.mean![channel]!, listed.std![channel]!];
      const given = sampled[channel]!;
      if (Math.abs(mean - given.mean) > 0.1 + 3 * given.spread)
        return [`mean is ${short(mean)} in channel ${channel}, a sample of frames gives ${short(given.mean)}`];
      const [low, high] = [given.std / 2 - 0.02, given.std * 2 + 0.02 + 3 * given.spread];
      return std < low || std > high
        ? [`std is ${short(std)} in channel ${channel}, a sample of frames gives ${short(given.std)}`]
        : [];
    });
    if (wrong[0]) found.warn(file, `${wrong[0]}; LeRobot trains with it, pistar recomputes`, { column: name });
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
