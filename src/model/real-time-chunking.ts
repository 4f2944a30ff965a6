// Real-time chunking: a new chunk continues the one in execution (Black, Galliker & Levine 2025, "Real-Time Execution
// of Action Chunking Flow Policies", arXiv 2506.07339). Every Euler step is guided towards the rest of the old chunk.
// The paper's τ is 1 − time here. B observations, H steps of a chunk, A numbers of an action.

import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** The chunks to continue. */
export interface Continuation<Numbers> {
  /** The normalised rest of the old chunks, [B, H, A]. It may hold anything at weight 0. */
  readonly previous: Numbers;
  /** The weight of each step, [B, H]: `softMask`, or 0 everywhere for an observation without an old chunk. */
  readonly weights: Numbers;
}

/**
 * The weights of a chunk's steps (Eq. 5). The first `delay` steps weigh 1: they are executed before the new chunk
 * arrives. The other steps of the old chunk decay exponentially. From `left` on the weight is 0.
 * @param horizon steps of a chunk
 * @param left steps left of the old chunk, H − s in the paper
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
 * The velocity at x [B, H, A] with the pseudo-inverse guidance of Eq. 2. The correction is the weighted distance from
 * the estimated final chunk, x − time · v, to the old chunk, times that estimate's Jacobian by x.
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
