// Real-time chunking: a new chunk continues the one in execution, in one of two ways. B observations, H steps of a chunk, A numbers of an action.
//
// Guided (Black, Galliker & Levine 2025, "Real-Time Execution of Action Chunking Flow Policies", arXiv 2506.07339): every Euler step is
// guided towards the rest of the old chunk. Any policy can do it. The paper's τ is 1 − time here.
//
// Trained (Black et al. 2025, "Training-Time Action Conditioning for Efficient Real-Time Chunking", arXiv 2512.05964): the policy has learned
// to continue given steps. They are put in without noise and with time 0. It costs nothing at run time.

import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** The chunks to continue. */
export interface Continuation<Numbers> {
  /** The normalised rest of the old chunks, [B, H, A]. It may hold anything at weight 0. */
  readonly previous: Numbers;
  /**
   * The weight of each step, [B, H]: `softMask` for guidance, `givenSteps` for a policy trained to continue them, or 0 everywhere for an
   * observation without an old chunk.
   */
  readonly weights: Numbers;
}

/** How the weights of guidance decay behind the executed steps. */
export type Schedule = "exponential" | "linear";

/**
 * The weights of a chunk's steps for guidance (Eq. 5). The first `delay` steps weigh 1: they are executed before the new chunk arrives.
 * The weights of the others decay up to `left`, from where on they are 0.
 * @param horizon steps of a chunk
 * @param left steps left of the old chunk, H − s in the paper, or fewer to let go of it earlier
 */
export function softMask(
  horizon: number,
  left: number,
  delay: number,
  schedule: Schedule = "exponential",
): Float32Array {
  return Float32Array.from({ length: horizon }, (_, i) => {
    if (i >= left) return 0;
    if (i < delay) return 1;
    const c = (left - i) / (left - delay + 1);
    return schedule === "linear" ? c : (c * Math.expm1(c)) / Math.expm1(1);
  });
}

/** The first `delay` steps of a chunk, as far as the old chunk has them: 1 for given, 0 for free, [H]. */
export const givenSteps = (horizon: number, left: number, delay: number): Float32Array =>
  Float32Array.from({ length: horizon }, (_, i) => Number(i < Math.min(left, delay)));

/** x [B, H, A] with the given steps in their places. */
export function withGivenSteps(x: Tensor, { previous, weights }: Continuation<Tensor>): Tensor {
  const given = t.reshape(weights, [...weights.shape, 1]);
  return t.add(t.mul(x, t.sub(1, given)), t.mul(previous, given));
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
