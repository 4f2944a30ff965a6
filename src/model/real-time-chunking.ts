// Real-time chunking (Black, Galliker & Levine 2025, "Real-Time Execution of Action Chunking Flow Policies", arXiv 2506.07339): a chunk that
// continues the one that is being executed, by guiding every Euler step towards what is left of it. The paper's τ is 1 − time here.
// B observations, H steps of a chunk, A numbers of an action.

import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** What chunks are to continue. */
export interface Continuation<Numbers> {
  /** The normalised actions that are left of the chunks before, [B, H, A]; whatever stands where the weight is 0. */
  readonly previous: Numbers;
  /** How much each of them counts, [B, H]: `softMask`, or 0 everywhere for an observation without a chunk before. */
  readonly weights: Numbers;
}

/**
 * The weights of a chunk's steps (Eq. 5): 1 for the first `delay`, which will have been executed when the new chunk comes; then an exponential
 * decay over the others that are left of the chunk before; 0 from `left` on.
 * @param left steps that are left of the chunk before, H − s in the paper
 */
export function softMask(horizon: number, left: number, delay: number): Float32Array {
  return Float32Array.from({ length: horizon }, (_, i) => {
    if (i >= left) return 0;
    if (i < delay) return 1;
    const c = (left - i) / (left - delay + 1);
    return (c * Math.expm1(c)) / Math.expm1(1);
  });
}

/** min(β, (1 − τ) / (τ r²)) of Eq. 2 with r² = (1 − τ)² / (τ² + (1 − τ)²) of Eq. 4, for τ = 1 − time. */
export const guidanceWeight = (time: number, clip: number): number =>
  Math.min(clip, (time ** 2 + (1 - time) ** 2) / (time * (1 - time)));

/**
 * The velocity at x [B, H, A], corrected by the pseudo-inverse guidance of Eq. 2: the weighted distance from the estimate of the finished chunk,
 * x − time · v, to the chunk before, times that estimate's Jacobian by x.
 * @param clip β, the largest weight of the correction
 */
export function continuedVelocity(
  field: (x: Tensor) => Tensor,
  x: Tensor,
  time: number,
  { previous, weights }: Continuation<Tensor>,
  clip: number,
): Tensor {
  const v = field(x);
  const finished = t.sub(x, t.mul(v, time));
  const error = t.mul(t.sub(previous, finished), t.reshape(weights, [...weights.shape, 1]));
  const [pull] = t.gradient(t.sum(t.mul(t.stopGradient(error), finished)), [x]);
  return t.sub(v, t.mul(pull!, guidanceWeight(time, clip)));
}
