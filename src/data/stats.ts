// Statistics as LeRobot keeps them: per feature and episode min, max, mean, std, count and five quantiles, and their
// aggregate over episodes. Quantiles come from a histogram of 5000 bins with linear interpolation inside a bin.
// A vector feature has one entry per component; of more dimensions, one per entry of the last. Pictures have one per
// channel, in [0, 1]. std is the population's.
import { PistarError, readJson } from "../system/index.ts";
import { inside } from "./paths.ts";
import { PythonFloat } from "./python-json.ts";
import type { Column, Feature, Image } from "./types.ts";

const quantiles = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const;
type Measure = "min" | "max" | "mean" | "std" | keyof typeof quantiles;
const measures: readonly Measure[] = ["min", "max", "mean", "std", "q01", "q10", "q50", "q90", "q99"];

/**
 * Statistics of one feature: an entry per component or channel. `count` is the number of frames. Older datasets lack the
 * quantiles, some lack `count` too.
 */
export type FeatureStats = { readonly [measure in Measure]?: readonly number[] } & { readonly count?: number };
export type Stats = ReadonlyMap<string, FeatureStats>;

export const statsPath = "meta/stats.json";

const bins = 5000;

/** The statistics of one numeric column of an episode. */
export function columnStats({ shape, data }: Column, frames: number): FeatureStats {
  const width = shape.at(-1) ?? 1;
  const rows = data.length / width;
  const flat = data as Float32Array;
  const values = new Float64Array(rows);
  const components = Array.from({ length: width }, (_, component) => {
    for (let row = 0; row < rows; row++) values[row] = Number(flat[row * width + component]);
    return describe(values);
  });
  return collect(components, frames);
}

/** A running count of the byte values of one camera's pictures, frame by frame. */
export class ImageStats {
  private readonly histograms: Uint32Array[] = [];

  add(image: Image): void {
    this.histograms.push(countBytes(image));
  }

  /** The statistics over LeRobot's sample of the frames added. */
  finish(): FeatureStats {
    return histogramStats(sampledFrames(this.histograms.length).map((frame) => this.histograms[frame]!));
  }
}

/** The statistics of pictures already sampled. */
export function imageStats(images: readonly Image[]): FeatureStats {
  return histogramStats(images.map(countBytes));
}

/** The frames of an episode with images sampled by LeRobot: max(100, length^0.75), evenly spread. */
export function sampledFrames(length: number): number[] {
  const count = Math.max(Math.min(length, 100), Math.min(Math.floor(length ** 0.75), 10_000));
  if (count <= 1) return length > 0 ? [0] : [];
  return Array.from({ length: count }, (_, at) => halfEven(at * ((length - 1) / (count - 1))));
}

/** Statistics of a part of a dataset, and its frames in place of a missing `count`. */
export interface Part {
  readonly stats: Stats;
  readonly frames: number;
}

/** Statistics over several parts: exact but for quantiles. These keep the outermost estimate (q ≤ 50 the lowest). */
export function aggregate(parts: readonly Part[]): Stats {
  const features = new Set(parts.flatMap(({ stats }) => [...stats.keys()]));
  return new Map(
    [...features].map((name) => {
      const counted = parts.flatMap(({ stats, frames }) => {
        const feature = stats.get(name);
        return feature ? [{ ...feature, count: feature.count ?? frames }] : [];
      });
      return [name, merge(counted)];
    }),
  );
}

function merge(parts: readonly (FeatureStats & { readonly count: number })[]): FeatureStats {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const width = parts[0]?.mean?.length ?? 0;
  const reduce = (measure: Measure, pick: (a: number, b: number) => number) =>
    parts.every((part) => part[measure])
      ? { [measure]: parts.map((part) => part[measure]!).reduce((a, b) => a.map((value, at) => pick(value, b[at]!))) }
      : {};
  const weighted = (of: (part: FeatureStats, at: number) => number) =>
    Array.from({ length: width }, (_, at) => parts.reduce((sum, part) => sum + of(part, at) * part.count, 0) / count);
  const average = () => {
    const mean = weighted((part, at) => part.mean![at]!);
    const variance = weighted((part, at) => part.std![at]! ** 2 + (part.mean![at]! - mean[at]!) ** 2);
    return { mean, std: variance.map(Math.sqrt) };
  };
  return {
    ...reduce("min", Math.min),
    ...reduce("max", Math.max),
    ...(parts.every((part) => part.mean && part.std) && average()),
    count,
    ...reduce("q01", Math.min),
    ...reduce("q10", Math.min),
    ...reduce("q50", Math.min),
    ...reduce("q90", Math.max),
    ...reduce("q99", Math.max),
  };
}

/** The JSON form of stats.json: lists, for pictures of shape (3, 1, 1), and count as a list of one. */
export function statsToJson(stats: Stats, features: ReadonlyMap<string, Feature>): Record<string, unknown> {
  return Object.fromEntries(
    [...stats].map(([name, feature]) => [name, Object.fromEntries(statEntries(feature, features.get(name)))]),
  );
}

/** The same for pandas: floats stay floats. The extremes of integer features are integers, as in numpy. */
export function statsToPython(stats: Stats, features: ReadonlyMap<string, Feature>): Record<string, unknown> {
  const floats = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(floats) : typeof value === "number" ? new PythonFloat(value) : value;
  return Object.fromEntries(
    [...stats].map(([name, feature]) => {
      const whole = /^u?int|^bool/.test(features.get(name)?.dtype ?? "");
      const entries = statEntries(feature, features.get(name)).map(([measure, values]) => {
        const integer = measure === "count" || (whole && (measure === "min" || measure === "max"));
        return [measure, integer ? values : floats(values)] as const;
      });
      return [name, Object.fromEntries(entries)];
    }),
  );
}

/** Reads meta/stats.json. */
export function readStats(root: string): Stats {
  const path = inside(root, statsPath);
  const found = readJson(path);
  if (!isRecord(found))
    throw new PistarError("damaged-file", `${path}: expected measures by feature, got ${JSON.stringify(found)}`, {
      path,
    });
  return new Map(
    Object.entries(found).map(([name, measures]) => {
      if (!isRecord(measures))
        throw new PistarError(
          "damaged-file",
          `${path}, "${name}": expected measures, got ${JSON.stringify(measures)}`,
          { path },
        );
      return [name, parseFeatureStats(measures, `${path}, "${name}"`)];
    }),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Each measure of a feature in the nesting the format wants. */
export function statEntries(stats: FeatureStats, feature: Feature | undefined): [string, unknown[]][] {
  const nest = isPicture(feature)
    ? (values: readonly number[]) => values.map((value) => [[value]])
    : (values: readonly number[]) => [...values];
  const entries = measures.flatMap((measure): [string, unknown[]][] =>
    stats[measure] ? [[measure, nest(stats[measure])]] : [],
  );
  if (stats.count !== undefined) entries.splice(4, 0, ["count", [stats.count]]);
  return entries;
}

/** Reads one feature's statistics back from nested lists. Unknown measures are left aside; NaN is read as it stands. */
export function parseFeatureStats(value: Readonly<Record<string, unknown>>, where: string): FeatureStats {
  const flat = (key: string): number[] => {
    const listed = [value[key]].flat(5).map((item) => (ArrayBuffer.isView(item) ? Array.from(item as never) : item));
    // JSON writers without NaN and Infinity write null.
    const numbers = listed
      .flat()
      .map((item) => (item === null ? Number.NaN : typeof item === "bigint" ? Number(item) : item));
    if (numbers.length === 0 || !numbers.every((item) => typeof item === "number"))
      throw new Error(`${where}: expected numbers for "${key}", got ${shortJson(value[key])}`);
    return numbers;
  };
  const given = (key: string) => value[key] !== undefined && value[key] !== null;
  return {
    ...Object.fromEntries(measures.filter(given).map((measure) => [measure, flat(measure)])),
    ...(given("count") && { count: flat("count")[0]! }),
  };
}

function shortJson(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? Number(item) : item)).slice(0, 80);
}

function isPicture(feature: Feature | undefined): boolean {
  return feature?.dtype === "image" || feature?.dtype === "video";
}

type Summary = Required<Record<Measure, number>>;

function collect(summaries: readonly Summary[], count: number): FeatureStats {
  const entries = measures.map((measure) => [measure, summaries.map((summary) => summary[measure])] as const);
  return { ...(Object.fromEntries(entries) as Record<Measure, number[]>), count };
}

/** Statistics of values, each weighing `weights` (default 1). */
function describe(values: Float64Array, weights?: Uint32Array): Summary {
  const weight = (at: number) => (weights ? weights[at]! : 1);
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) throw new Error(`expected finite values, got ${value}`);
    if (weight(at) === 0) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value * weight(at);
    count += weight(at);
  }
  const mean = sum / count;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += weight(at) * (values[at]! - mean) ** 2;
  const entries = Object.entries(quantiles) as [keyof typeof quantiles, number][];
  const histogram = new Float64Array(bins);
  const [low, high] = [min - 1e-10, max + 1e-10];
  for (let at = 0; at < values.length; at++) {
    const bin = high > low ? Math.floor(((values[at]! - low) / (high - low)) * bins) : bins - 1;
    histogram[Math.max(0, Math.min(bin, bins - 1))]! += weight(at);
  }
  const quantile = (q: number) =>
    count < 2 ? mean : Math.max(min, Math.min(max, interpolate(histogram, low, high, q * count)));
  return {
    min,
    max,
    mean,
    std: Math.sqrt(squares / count),
    ...(Object.fromEntries(entries.map(([name, q]) => [name, quantile(q)])) as Record<keyof typeof quantiles, number>),
  };
}

/** The value above `target` of the counted values. */
function interpolate(histogram: Float64Array, low: number, high: number, target: number): number {
  let before = 0;
  let bin = 0;
  while (bin < bins && before + histogram[bin]! < target) before += histogram[bin++]!;
  if (bin === 0) return low;
  const fraction = bin < bins ? (target - before) / histogram[bin]! : 0;
  return low + ((bin + fraction) * (high - low)) / bins;
}

/** How often each byte occurs per channel ([3, 256]), every n-th pixel of large pictures, as LeRobot thins them. */
function countBytes({ width, height, data }: Image): Uint32Array {
  const counts = new Uint32Array(3 * 256);
  const longer = width > height ? width : height;
  const step = longer < 300 ? 1 : Math.floor(longer / 150);
  for (let y = 0; y < height; y += step) {
    const end = (y + 1) * width * 3;
    for (let at = y * width * 3; at < end; at += 3 * step) {
      counts[data[at]!]!++;
      counts[256 + data[at + 1]!]!++;
      counts[512 + data[at + 2]!]!++;
    }
  }
  return counts;
}

function histogramStats(histograms: readonly Uint32Array[]): FeatureStats {
  const levels = Float64Array.from({ length: 256 }, (_, value) => value);
  const channels = [0, 1, 2].map((channel) => {
    const total = new Uint32Array(256);
    for (const histogram of histograms) for (let v = 0; v < 256; v++) total[v]! += histogram[channel * 256 + v]!;
    const inBytes = describe(levels, total);
    return Object.fromEntries(measures.map((measure) => [measure, inBytes[measure] / 255])) as Summary;
  });
  return collect(channels, histograms.length);
}

/** Rounds halves to even, as numpy does. */
function halfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
