// The policy's network: a backbone for images and text, and an action expert for action chunks by flow matching (π0.5,
// arXiv 2504.16054, in openpi's conventions). B batch, H steps of a chunk, A numbers of an action, F FAST tokens.

import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { after, type Backbone, embed, initBackbone, lastHidden, logits, type Prefix } from "./backbone.ts";
import type { PolicyConfig } from "./config.ts";
import { type Decoder, decode, initDecoder } from "./decoder.ts";
import { timeEmbedding } from "./flow.ts";

/** A policy's parameters as expressions. */
export interface PolicyNetwork {
  readonly config: PolicyConfig;
  readonly backbone: Backbone;
  readonly expert: Decoder;
  readonly action_in_proj: t.nn.Linear;
  readonly action_out_proj: t.nn.Linear;
  readonly time_mlp_in: t.nn.Linear;
  readonly time_mlp_out: t.nn.Linear;
}

/** Declares a policy's parameters under the names of published π0.5 checkpoints. */
export function initPolicyNetwork(scope: Scope, config: PolicyConfig): PolicyNetwork {
  const { width } = config.expert;
  return {
    config,
    backbone: initBackbone(scope, config),
    expert: initDecoder(
      scope.at("paligemma_with_expert").at("gemma_expert").at("model"),
      { ...config.language, ...config.expert },
      true,
    ),
    action_in_proj: t.nn.initLinear(scope.at("action_in_proj"), config.actionSize, width),
    action_out_proj: t.nn.initLinear(scope.at("action_out_proj"), width, config.actionSize),
    time_mlp_in: t.nn.initLinear(scope.at("time_mlp_in"), width, width),
    time_mlp_out: t.nn.initLinear(scope.at("time_mlp_out"), width, width),
  };
}

/**
 * The velocity [B, R·H, A] at `noisy` [B, R·H, A] and times [B, R] or, for each step by itself, [B, R·H], for R chunks at once. Chunks do not attend to one
 * another. The expert attends to the prefix and to all actions of its chunk, never to FAST tokens.
 * @param insulated whether the expert reads the prefix through a stop-gradient
 */
export function velocity(
  policy: PolicyNetwork,
  prefix: Prefix,
  noisy: Tensor,
  time: Tensor,
  insulated = false,
): Tensor {
  const { config, expert } = policy;
  const { width } = config.expert;
  const sine = timeEmbedding(time, width);
  const condition = t.silu(t.nn.linear(policy.time_mlp_out, t.silu(t.nn.linear(policy.time_mlp_in, sine))));
  const stop = (x: Tensor) => (insulated ? t.stopGradient(x) : x);
  const { hidden } = decode(expert, t.nn.linear(policy.action_in_proj, noisy), {
    ...after(prefix, noisy.shape[1]!, { chunk: config.horizon }),
    past: prefix.keysValues.map(([keys, values]) => [stop(keys), stop(values)]),
    condition: t.reshape(condition, [...time.shape, width]),
  });
  return t.nn.linear(policy.action_out_proj, hidden);
}

/**
 * The logits [B, F, vocabulary] of each of the FAST tokens [B, F], given the prompt and the tokens before it. The
 * prompt's last token foretells the first. FAST tokens attend to the prefix and to earlier ones.
 */
export function actionTokenLogits(policy: PolicyNetwork, prefix: Prefix, tokens: Tensor): Tensor {
  const { backbone, config } = policy;
  const length = config.actionTokens;
  const { hidden } = decode(backbone.language, embed(backbone, tokens), {
    ...after(prefix, length),
    past: prefix.keysValues,
  });
  return logits(backbone, t.concat([lastHidden(prefix), t.slice(hidden, 1, 0, length - 1)], 1));
}
