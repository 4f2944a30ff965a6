// The terms of a loss: weighted means over a batch.
import type { Feed, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/**
 * A mean over a batch with fed weights. For a batch in parts, each part's mean counts by its share of the weights: the
 * sum over the parts is the whole batch's mean.
 */
export interface LossTerm {
  readonly name: string;
  readonly value: Tensor;
  /** Factor of the value in the loss. */
  readonly factor: number;
  /** The sum of the weights in a batch's feeds. */
  readonly weight: (feeds: Readonly<Record<string, Feed>>) => number;
}

/** The sum of an input's numbers [B, …, columns], without the first `skipped` columns. */
export const weightOf =
  (input: string, { columns = 1, skipped = 0 }: { readonly columns?: number; readonly skipped?: number } = {}) =>
  (feeds: Readonly<Record<string, Feed>>): number => {
    let sum = 0;
    const weights = feeds[input] as Float32Array;
    for (const [i, weight] of weights.entries()) if (i % columns >= skipped) sum += weight;
    return sum;
  };

/** Σ factor · value. */
export const lossOf = (terms: readonly LossTerm[]): Tensor =>
  terms.map(({ value, factor }) => t.mul(value, factor)).reduce((a, b) => t.add(a, b));
