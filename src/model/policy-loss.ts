// The policy's loss on a batch: flow matching on its actions, and cross-entropy on FAST tokens and subtask text. B
// batch, H steps of a chunk, A numbers of an action, F FAST tokens, P prompt tokens.

import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { logits, prefixInputs, readPrefix } from "./backbone.ts";
import { interpolate } from "./flow.ts";
import { type LossTerm, lossOf, weightOf } from "./loss-term.ts";
import { actionTokenLogits, type PolicyNetwork, velocity } from "./policy-network.ts";

/** Options of `policyLoss`. */
export interface PolicyLossOptions {
  /**
   * α, the weight of the flow loss beside the cross-entropies; default 1. It is 1 in Knowledge Insulation, 10 in π0.5's
   * post-training.
   */
  readonly flowWeight?: number;
  /**
   * R, draws of noise and time for every chunk; default 1. All share one reading of the costly prefix: the flow loss
   * becomes less noisy for little (as CogACT, arXiv 2411.19650, repeats its diffusion steps).
   */
  readonly draws?: number;
  /** Whether parts of the prompt are learned, such as a subtask; default no. If so, `promptWeights` is an input. */
  readonly learnsText?: boolean;
  /** Whether the first steps of a chunk may be given (training-time real-time chunking); default no. If so, `given` is an input. */
  readonly givesSteps?: boolean;
}

/** A policy's loss as expressions. */
export interface PolicyLoss {
  readonly inputs: readonly Tensor[];
  readonly loss: Tensor;
  /** "flow", and "fast" and "text" if they are learned. */
  readonly terms: readonly LossTerm[];
  /** Their values. */
  readonly parts: Readonly<Record<"flow" | "fast" | "text", Tensor | undefined>>;
}

/**
 * The loss of a batch. Beside the prefix's inputs it takes:
 *
 *     actions        [B, H, A]  normalised
 *     actionWeights  [B, H, A]  the sample's weight; 0 beyond the episode's end and in padded numbers
 *     noise, time    [B, R, H, A], [B, R]  from drawNoise and drawTime
 *     given          [B, R, H]  1 for steps that are given, as `givenSteps` has them, if there are such. They are free of noise, have time 0
 *                    and count with no error (Black et al. 2025, arXiv 2512.05964)
 *     fast           i32 [B, F]  the chunk's FAST tokens, "|", end token, padding
 *     fastWeights    [B, F]  weight of predicting each token; 0 for padding
 *     promptWeights  [B, P]  likewise for the prompt (not for its first token), if text is learned
 */
export function policyLoss(policy: PolicyNetwork, batch: number, options: PolicyLossOptions = {}): PolicyLoss {
  const { config, backbone } = policy;
  const { horizon, actionSize, actionTokens, promptTokens, knowledgeInsulation } = config;
  const { flowWeight = 1, draws = 1, learnsText = false, givesSteps = false } = options;
  const prefixIn = prefixInputs(config, batch);
  const prefix = readPrefix(backbone, prefixIn);
  const actions = t.input("actions", [batch, horizon, actionSize]);
  const actionWeights = t.input("actionWeights", [batch, horizon, actionSize]);
  const noise = t.input("noise", [batch, draws, horizon, actionSize]);
  const time = t.input("time", [batch, draws]);
  const inputs = [...prefixIn.all, actions, actionWeights, noise, time];

  const each = (x: Tensor) => t.reshape(x, [batch, 1, horizon, actionSize]);
  const free = givesSteps ? t.sub(1, given(batch, draws, horizon, inputs)) : undefined;
  const times = free ? t.mul(t.reshape(time, [batch, draws, 1]), free) : time;
  const noisy = t.reshape(interpolate(each(actions), noise, times), [batch, draws * horizon, actionSize]);
  const perStep = free ? t.reshape(times, [batch, draws * horizon]) : time;
  const predicted = velocity(policy, prefix, noisy, perStep, knowledgeInsulation);
  const off = t.sub(t.reshape(predicted, noise.shape), t.sub(noise, each(actions)));
  const error = free ? t.mul(off, t.reshape(free, [...free.shape, 1])) : off;
  const flow = t.weightedMean(t.mul(error, error), each(actionWeights));
  const terms: LossTerm[] = [{ name: "flow", value: flow, factor: flowWeight, weight: weightOf("actionWeights") }];

  let fast: Tensor | undefined;
  if (actionTokens > 0) {
    const tokens = t.input("fast", [batch, actionTokens], "i32");
    const weights = t.input("fastWeights", [batch, actionTokens]);
    inputs.push(tokens, weights);
    fast = t.crossEntropy(actionTokenLogits(policy, prefix, tokens), tokens, weights);
    terms.push({ name: "fast", value: fast, factor: 1, weight: weightOf("fastWeights") });
  }

  let text: Tensor | undefined;
  if (learnsText) {
    const weights = t.input("promptWeights", [batch, promptTokens]);
    inputs.push(weights);
    const hidden = t.slice(prefix.hidden, 1, prefix.hidden.shape[1]! - promptTokens);
    text = foretold(logits(backbone, hidden), prefixIn.prompt, weights);
    const weight = weightOf("promptWeights", { columns: promptTokens, skipped: 1 });
    terms.push({ name: "text", value: text, factor: 1, weight });
  }
  return { inputs, loss: lossOf(terms), terms, parts: { flow, fast, text } };
}

function given(batch: number, draws: number, horizon: number, inputs: Tensor[]): Tensor {
  const input = t.input("given", [batch, draws, horizon]);
  inputs.push(input);
  return input;
}

/** Next-token cross-entropy. */
function foretold(after: Tensor, tokens: Tensor, weights: Tensor): Tensor {
  const length = tokens.shape[1]!;
  return t.crossEntropy(t.slice(after, 1, 0, length - 1), t.slice(tokens, 1, 1), t.slice(weights, 1, 1));
}
