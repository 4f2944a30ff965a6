// AdamW on flat arrays, in one pass over a range of them. As a graph (tensor/optimizer.ts) AdamW is a dozen operators for each parameter, and each
// operator reads and writes memory. On a CPU that takes a fifth of a small network's step.

export interface FlatAdamW {
  /** All parameters and both moments, one parameter after the other. Changed in place. */
  readonly parameters: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Ranges without weight decay, in order. */
  readonly undecayed: readonly Range[];
}

export type Range = readonly [begin: number, end: number];

export interface FlatAdamWOptions {
  /** Number of this step, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Scales the gradient: see `clipFactor`. */
  readonly factor: number;
}

/** Adds the other gradients to the first, within a range. @returns the sum of the squares in the range */
export function addGradients([sum, ...others]: readonly Float32Array[], [begin, end]: Range): number {
  for (const other of others) for (let i = begin; i < end; i++) sum![i]! += other[i]!;
  let squares = 0;
  for (let i = begin; i < end; i++) squares += sum![i]! * sum![i]!;
  return squares;
}

/** Keeps the clipping factor finite for a gradient of 0, as in PyTorch's clip_grad_norm_. */
const clipEpsilon = 1e-6;

/** The factor that clips a gradient to `maxNorm`, 0 to 1. */
export const clipFactor = (norm: number, maxNorm: number): number => Math.min(maxNorm / (norm + clipEpsilon), 1);

/** One step of `t.adamW` within a range. Numbers may differ from the graph's by rounding. */
export function flatAdamW(state: FlatAdamW, gradient: Float32Array, [begin, end]: Range, options: FlatAdamWOptions) {
  const keep = 1 - options.learningRate * options.weightDecay;
  let at = begin;
  for (const [from, to] of [...state.undecayed, [end, end] as const]) {
    const [next, after] = [from, to].map((edge) => Math.min(Math.max(edge, at), end)) as [number, number];
    pass(state, gradient, [at, next], keep, options);
    pass(state, gradient, [next, after], 1, options);
    at = after;
  }
}

function pass(
  { parameters, first, second }: FlatAdamW,
  gradient: Float32Array,
  [begin, end]: Range,
  keep: number,
  { step, learningRate, beta1, beta2, epsilon, factor }: FlatAdamWOptions,
): void {
  const correction = Math.sqrt(1 - beta2 ** step);
  const rate = (learningRate * correction) / (1 - beta1 ** step);
  const floor = epsilon * correction;
  const [rest1, rest2] = [1 - beta1, 1 - beta2];
  for (let i = begin; i < end; i++) {
    const g = gradient[i]! * factor;
    const m = beta1 * first[i]! + rest1 * g;
    const v = beta2 * second[i]! + rest2 * g * g;
    first[i] = m;
    second[i] = v;
    parameters[i] = keep * parameters[i]! - (rate * m) / (Math.sqrt(v) + floor);
  }
}

/** averages ← decay · averages + (1 − decay) · numbers. */
export function flatAverage(averages: Float32Array, numbers: Float32Array, decay: number): void {
  for (let i = 0; i < averages.length; i++) averages[i]! += (1 - decay) * (numbers[i]! - averages[i]!);
}
