// Statistics of a stream of vectors, in one pass and constant memory, for normalisation over a whole dataset. Mean and
// variance are merged block by block (Chan et al.), so they do not cancel. Quantiles come from a histogram of 5000 bins
// per component. It widens with the range, as in openpi and LeRobot; they are exact to about two bins of the range.
import { PistarError } from "../system/index.ts";
import type { Dataset, NumericArray } from "./types.ts";

/** Per component; the names are stats.json's. `std` is the population's. */
export interface VectorStats {
  readonly count: number;
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly q01: readonly number[];
  readonly q99: readonly number[];
}

const bins = 5000;

/** Measures of one component. */
interface Component {
  min: number;
  max: number;
  mean: number;
  /** Σ (x − mean)². */
  squares: number;
  histogram: Float64Array;
}

export class RunningStats {
  private count = 0;
  private readonly components: readonly Component[];

  /** @param width components of a vector */
  constructor(width: number) {
    this.components = Array.from({ length: width }, () => ({
      min: Infinity,
      max: -Infinity,
      mean: 0,
      squares: 0,
      histogram: new Float64Array(bins),
    }));
  }

  /** Adds vectors, [N, width] row by row. It adds nothing if a number is not finite: that is an error. */
  add(vectors: NumericArray): void {
    const width = this.components.length;
    const rows = vectors.length / width;
    if (!Number.isInteger(rows))
      throw new RangeError(`Expected vectors of ${width} numbers, got ${vectors.length} in all`);
    if (rows === 0) return;
    const values = Float64Array.from(vectors as ArrayLike<number | bigint>, Number);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new RangeError(
        `Expected finite numbers, got ${values[wrong]} in row ${Math.floor(wrong / width)}, component ${wrong % width}`,
      );
    for (const [at, component] of this.components.entries()) {
      const column = Float64Array.from({ length: rows }, (_, row) => values[row * width + at]!);
      merge(component, this.count, column);
    }
    this.count += rows;
  }

  result(): VectorStats {
    if (this.count === 0) throw new Error("Expected at least one vector to take statistics of, got none");
    const of = (measure: (component: Component) => number) => this.components.map(measure);
    return {
      count: this.count,
      min: of(({ min }) => min),
      max: of(({ max }) => max),
      mean: of(({ mean }) => mean),
      std: of(({ squares }) => Math.sqrt(squares / this.count)),
      q01: of((component) => quantile(component, 0.01 * this.count)),
      q99: of((component) => quantile(component, 0.99 * this.count)),
    };
  }
}

/** Statistics of one numeric column over whole episodes (default: all). */
export async function datasetStats(
  dataset: Dataset,
  column: string,
  episodes: readonly number[] = dataset.episodes.map(({ index }) => index),
): Promise<VectorStats> {
  let stats: RunningStats | undefined;
  for (const episode of episodes) {
    const found = (await dataset.columns(episode, [column])).get(column);
    if (!found || found.dtype === "string")
      throw new PistarError(
        "damaged-file",
        `${dataset.root}, episode ${episode}: expected a numeric column "${column}", got ${found?.dtype ?? "none"}`,
        { path: dataset.root },
      );
    stats ??= new RunningStats(found.shape.reduce((product, size) => product * size, 1));
    try {
      stats.add(found.data as NumericArray);
    } catch (error) {
      throw new PistarError(
        "damaged-file",
        `${dataset.root}, episode ${episode}, column "${column}": ${(error as Error).message}`,
        { path: dataset.root },
      );
    }
  }
  if (!stats)
    throw new PistarError(
      "bad-option",
      `${dataset.root}: expected at least one episode to take statistics of, got none`,
      { path: dataset.root },
    );
  return stats.result();
}

function merge(component: Component, count: number, column: Float64Array): void {
  const rows = column.length;
  const mean = column.reduce((sum, value) => sum + value, 0) / rows;
  const squares = column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const apart = mean - component.mean;
  component.mean += (apart * rows) / (count + rows);
  component.squares += squares + (apart * apart * count * rows) / (count + rows);
  const min = column.reduce((low, value) => Math.min(low, value), component.min);
  const max = column.reduce((high, value) => Math.max(high, value), component.max);
  if (min < component.min || max > component.max) widen(component, min, max);
  for (const value of column) component.histogram[binOf(component, value)]! += 1;
}

/** Moves the counts into the bins of a wider range, each bin by its centre. */
function widen(component: Component, min: number, max: number): void {
  const { histogram, min: low, max: high } = component;
  component.histogram = new Float64Array(bins);
  component.min = min;
  component.max = max;
  for (let bin = 0; bin < bins; bin++) {
    if (histogram[bin]! > 0)
      component.histogram[binOf(component, low + ((bin + 0.5) / bins) * (high - low))]! += histogram[bin]!;
  }
}

function binOf({ min, max }: Component, value: number): number {
  return max > min ? Math.min(bins - 1, Math.floor(((value - min) / (max - min)) * bins)) : 0;
}

/** The value above `target` of the counted ones, interpolated inside its bin. */
function quantile({ histogram, min, max }: Component, target: number): number {
  let before = 0;
  for (let bin = 0; bin < bins; bin++) {
    const inside = histogram[bin]!;
    if (inside > 0 && before + inside >= target) return min + ((bin + (target - before) / inside) / bins) * (max - min);
    before += inside;
  }
  return max;
}
