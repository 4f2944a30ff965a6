// The value function (arXiv 2511.14759, section IV-A). A smaller backbone reads the same images, state and instruction,
// never the advantage. The mean of its hidden states becomes a distribution over bins of the return; the paper does not
// publish its readout. B observations.

import type { Scope, Store, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import {
  type Backbone,
  initBackbone,
  type PrefixBatch,
  type PrefixInputs,
  prefixFeeds,
  prefixInputs,
  present,
  readPrefix,
} from "./backbone.ts";
import type { ValueConfig } from "./config.ts";
import { type LossTerm, weightOf } from "./loss-term.ts";

/** A value function's parameters as expressions. */
export interface ValueFunction {
  readonly config: ValueConfig;
  readonly backbone: Backbone;
  readonly head: t.nn.Linear;
}

/** Declares the value function's parameters: a backbone and "value_head". */
export function initValueFunction(scope: Scope, config: ValueConfig): ValueFunction {
  const { width } = config.language;
  return {
    config,
    backbone: initBackbone(scope, config),
    head: t.nn.initLinear(scope.at("value_head"), width, config.bins),
  };
}

/** Logits [B, bins] of the return's distribution. */
function valueLogits({ backbone, head }: ValueFunction, inputs: PrefixInputs): Tensor {
  const { hidden, count } = readPrefix(backbone, inputs);
  const [batch, length] = inputs.blocks.shape as [number, number];
  const there = t.reshape(t.cast(present(inputs), "f32"), [batch, length, 1]);
  return t.nn.linear(head, t.div(t.sum(t.mul(hidden, there), 1), count));
}

/**
 * Cross-entropy against the bins of Monte-Carlo returns (equation 1). Beside the prefix's inputs it takes `target` [B,
 * bins], probabilities such as recap's twoHotTargets, and `weights` [B].
 */
export function valueLoss(
  value: ValueFunction,
  batch: number,
): {
  readonly inputs: readonly Tensor[];
  readonly loss: Tensor;
  readonly terms: readonly LossTerm[];
  readonly logits: Tensor;
} {
  const prefix = prefixInputs(value.config, batch);
  const target = t.input("target", [batch, value.config.bins]);
  const weights = t.input("weights", [batch]);
  const logits = valueLogits(value, prefix);
  const loss = t.crossEntropy(logits, target, weights);
  const terms = [{ name: "crossEntropy", value: loss, factor: 1, weight: weightOf("weights") }];
  return { inputs: [...prefix.all, target, weights], loss, terms, logits };
}

/** A compiled value function. */
export interface ValuePredictor {
  readonly batch: number;
  /**
   * The distributions over value bins, [B, bins].
   * @throws RangeError for another number of observations
   */
  distributions(observations: PrefixBatch): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Compiles the value function with its parameters in `store`. */
export async function createValuePredictor(
  value: ValueFunction,
  store: Store,
  { batch = 1, ...options }: { readonly batch?: number; readonly device?: t.Device; readonly threads?: number } = {},
): Promise<ValuePredictor> {
  const inputs = prefixInputs(value.config, batch);
  const outputs = { distributions: t.softmax(valueLogits(value, inputs), -1) };
  const program = await t.compile({ inputs: inputs.all, outputs }, { store, ...options });
  return {
    batch,
    async distributions(observations) {
      if (observations.size !== batch)
        throw new RangeError(`Expected ${batch} observations at once, got ${observations.size}`);
      return (await program.run(prefixFeeds(value.config, observations))).distributions!.data as Float32Array;
    },
    release: () => program.release(),
  };
}
