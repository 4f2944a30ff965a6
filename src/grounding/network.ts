// Grounding: a backbone with heads that predict the places of named things. Each image's token predicts places in its
// image. The backbone's output predicts the places of the instruction's object and goal. Policies and value functions
// begin from the backbone, without the heads. B scenes.
import {
  type Backbone,
  initBackbone,
  type PolicyConfig,
  type PrefixInputs,
  present,
  readPrefix,
  type ValueConfig,
} from "../model/index.ts";
import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { things } from "./things.ts";

/** A backbone and its heads, as expressions. */
export interface Grounding {
  readonly config: PolicyConfig | ValueConfig;
  readonly backbone: Backbone;
  /** One head for each camera's token. */
  readonly spots: readonly t.nn.Linear[];
  /** Heads on the backbone's output. */
  readonly places: t.nn.Linear;
  readonly between: t.nn.Linear;
  readonly turns: t.nn.Linear;
  /** A policy's head on the backbone's output. A value function never reads the advantage. */
  readonly advantage: t.nn.Linear | undefined;
}

/** Size of a scene's `places`. */
export const placeCount = 9;
/** Scale of places in the loss: with decimetres they are about 1. */
export const perMetre = 10;

/** Declares the backbone under its usual names and the heads under "grounding". */
export function initGrounding(scope: Scope, config: PolicyConfig | ValueConfig): Grounding {
  const { width, keyValueHeads, headSize } = config.language;
  const heads = scope.at("grounding");
  const isPolicy = "expert" in config;
  const handed = isPolicy ? keyValueHeads * headSize : width;
  return {
    config,
    backbone: initBackbone(scope, config),
    spots: config.cameras.map((camera) => t.nn.initLinear(heads.at(camera), width, 5 * things.length)),
    places: t.nn.initLinear(heads.at("places"), handed, placeCount),
    between: t.nn.initLinear(heads.at("between"), handed, 3),
    turns: t.nn.initLinear(heads.at("turns"), handed, 4),
    advantage: isPolicy ? t.nn.initLinear(heads.at("advantage"), handed, 1) : undefined,
  };
}

/** Predictions of a batch of scenes, as expressions. */
export interface GroundingOutputs {
  /** [B, 9], `Scenes.places` times `perMetre`. */
  readonly places: Tensor;
  /**
   * [B, 3], from the named goal to the named object, times `perMetre`. Near one another, it is more exact than the
   * difference of two places.
   */
  readonly between: Tensor;
  /** [B, 2, 2], `Scenes.turns`. */
  readonly turns: Tensor;
  /** [B, 1], 1 for a prompt that says "positive", −1 for "negative". */
  readonly advantage: Tensor | undefined;
  /** [B, cameras, things, 2]. */
  readonly spots: Tensor;
  /** Logits [B, cameras, things] of visibility. */
  readonly seen: Tensor;
  /** [B, cameras, things, 2]. */
  readonly spotTurns: Tensor;
}

/**
 * Predicts scenes, and the advantage word of the prompt. An action expert reads the last layer's keys and values alone,
 * so a policy's heads read those values. A value function's heads read the mean hidden state. The advantage word is
 * predicted for one reason: a policy behind the stop-gradient cannot learn a word that its backbone drops.
 */
export function predictScenes(
  { config, backbone, spots, places, between, turns, advantage }: Grounding,
  inputs: PrefixInputs,
): GroundingOutputs {
  const [batch, length] = inputs.blocks.shape as [number, number];
  const prefix = readPrefix(backbone, inputs);
  const handedOn = "expert" in config ? t.nn.mergeHeads(prefix.keysValues.at(-1)![1]) : prefix.hidden;
  const there = t.reshape(t.cast(present(inputs), "f32"), [batch, length, 1]);
  const mean = t.div(t.sum(t.mul(handedOn, there), 1), prefix.count);
  const perPicture = prefix.pictures.map((token, camera) =>
    t.reshape(t.nn.linear(spots[camera]!, token), [batch, 1, things.length, 5]),
  );
  const [where, whether, turn] = t.split(t.concat(perPicture, 1), 3, [2, 1, 2]);
  return {
    places: t.nn.linear(places, mean),
    between: t.nn.linear(between, mean),
    turns: t.reshape(t.nn.linear(turns, mean), [batch, 2, 2]),
    advantage: advantage && t.nn.linear(advantage, mean),
    spots: where!,
    seen: t.reshape(whether!, [batch, perPicture.length, things.length]),
    spotTurns: turn!,
  };
}
