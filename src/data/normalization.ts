// Normalisation of vectors to a model's range, and back. Every mode is (x − center) / scale per component:
//
//     mean_std   (x − mean) / (std + 1e-6)                openpi; LeRobot with 1e-8
//     quantiles  2 (x − q01) / (q99 − q01 + 1e-6) − 1     openpi; LeRobot adds only if the quantiles are equal
//     min_max    2 (x − min) / (max − min) − 1            LeRobot, 1e-8 if they are equal
import type { VectorStats } from "./running-stats.ts";

export type NormalizationMode = "mean_std" | "quantiles" | "min_max";

/** Center and scale per component. Plain data, for checkpoints and threads. */
export interface Normalizer {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

type Measures = { readonly [measure in keyof VectorStats]?: VectorStats[measure] };

/**
 * @param stats a feature's statistics, from `datasetStats` or stats.json
 * @throws Error if the statistics lack a measure of the mode
 */
export function normalizer(stats: Measures, mode: NormalizationMode): Normalizer {
  if (mode === "mean_std")
    return { center: measure(stats, "mean", mode), scale: measure(stats, "std", mode).map((std) => std + 1e-6) };
  const low = measure(stats, mode === "quantiles" ? "q01" : "min", mode);
  const high = measure(stats, mode === "quantiles" ? "q99" : "max", mode);
  const range = low.map((value, at) => {
    const difference = high[at]! - value;
    if (mode === "quantiles") return difference + 1e-6;
    return difference === 0 ? 1e-8 : difference;
  });
  return { center: low.map((value, at) => value + range[at]! / 2), scale: range.map((value) => value / 2) };
}

function measure(stats: Measures, name: "mean" | "std" | "min" | "max" | "q01" | "q99", mode: NormalizationMode) {
  const values = stats[name];
  if (!values)
    throw new Error(`Expected statistics with "${name}" for the mode ${mode}, got ${Object.keys(stats).join(", ")}`);
  return values;
}

/** Normalises vectors ([N, width]) into a new array. */
export function normalize(vectors: Float32Array, { center, scale }: Normalizer): Float32Array {
  checkWidth(vectors, center.length);
  return vectors.map((value, at) => (value - center[at % center.length]!) / scale[at % center.length]!);
}

/** The inverse of `normalize`, for a model's output. */
export function denormalize(vectors: Float32Array, { center, scale }: Normalizer): Float32Array {
  checkWidth(vectors, center.length);
  return vectors.map((value, at) => value * scale[at % center.length]! + center[at % center.length]!);
}

function checkWidth(vectors: Float32Array, width: number): void {
  if (vectors.length % width !== 0)
    throw new RangeError(`Expected vectors of ${width} numbers, as the statistics have, got ${vectors.length} in all`);
}
