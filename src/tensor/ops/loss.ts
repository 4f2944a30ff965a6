// Cross-entropy from logits.
import type { Tensor } from "../expression.ts";
import { formatType, isFloat, sameShape } from "../types.ts";
import { div, maximum, mul, neg } from "./arithmetic.ts";
import { expand, sum } from "./broadcast.ts";
import { expectFloat } from "./dtype.ts";
import { takeAlongAxis } from "./indexing.ts";
import { mean } from "./reduce.ts";
import { reshape } from "./shape.ts";
import { logSoftmax } from "./softmax.ts";

/**
 * Cross-entropy −Σ target · log softmax(logits) over the last axis, averaged to a scalar. `logits` is [..., classes].
 * `target` holds integers [...], 0 … classes − 1, or probabilities [..., classes]. `weights` [...] weigh the average, 0
 * masks; their sum is the divisor, at least 1e-8.
 * @throws TypeError for a target of another shape
 */
export function crossEntropy(logits: Tensor, target: Tensor, weights?: Tensor): Tensor {
  const each = crossEntropyEach(logits, target);
  return weights === undefined ? mean(each) : weightedMean(each, weights);
}

/** Cross-entropy before averaging: [...]. */
export function crossEntropyEach(logits: Tensor, target: Tensor): Tensor {
  const batch = logits.shape.slice(0, -1);
  const soft = isFloat(target.dtype);
  if (!sameShape(target.shape, soft ? logits.shape : batch))
    throw new TypeError(
      `crossEntropy: expected integer targets [${batch.join(", ")}] or probabilities [${logits.shape.join(", ")}] for ${formatType(logits)}, got ${formatType(target)}`,
    );
  const logProbability = logSoftmax(logits);
  if (soft) return neg(sum(mul(logProbability, target), -1));
  return neg(reshape(takeAlongAxis(logProbability, reshape(target, [...batch, 1]), -1), batch));
}

/** Σ weight · x / Σ weight, a scalar. Weights broadcast to x. It is 0 if all weights are 0. */
export function weightedMean(x: Tensor, weights: Tensor): Tensor {
  expectFloat("weightedMean", x);
  return div(sum(mul(x, weights)), maximum(sum(expand(weights, x.shape)), 1e-8));
}
