// A backbone that says where things are: each picture's token where what can be named is in that picture, and what the backbone hands on where
// the object and the goal are that the instruction names. The heads that say so are left behind when a policy or a value function begins from it.
// B scenes.
import {
  type Backbone,
  initBackbone,
  type LossTerm,
  type PolicyConfig,
  type PrefixInputs,
  prefixInputs,
  present,
  readPrefix,
  type ValueConfig,
  weightOf,
} from "../model/index.ts";
import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { things } from "./scenes.ts";

export interface Grounding {
  readonly config: PolicyConfig | ValueConfig;
  readonly backbone: Backbone;
  /** Of each camera's picture. */
  readonly spots: readonly t.nn.Linear[];
  /** Of what the backbone hands on. */
  readonly places: t.nn.Linear;
  readonly between: t.nn.Linear;
  readonly turns: t.nn.Linear;
  /** Of what a policy's backbone hands on: a value function is not told of advantages. */
  readonly advantage: t.nn.Linear | undefined;
}

/** Numbers of a scene's `places`. */
export const placeCount = 9;
/** A decimetre's worth: places in the loss are about as large as 1. */
export const perMetre = 10;

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

export interface GroundingOutputs {
  /** [B, 9], `Scenes.places` times `perMetre`. */
  readonly places: Tensor;
  /** [B, 3], from the named goal to the named object, times `perMetre`: more exact, where they are near one another, than two places are. */
  readonly between: Tensor;
  /** [B, 2, 2], `Scenes.turns`. */
  readonly turns: Tensor;
  /** [B, 1], 1 for a prompt that says "positive", −1 for "negative". */
  readonly advantage: Tensor | undefined;
  /** [B, cameras, things, 2]. */
  readonly spots: Tensor;
  /** Logits [B, cameras, things] of what is to be seen. */
  readonly seen: Tensor;
  /** [B, cameras, things, 2]. */
  readonly spotTurns: Tensor;
}

/**
 * What it says of scenes, and of the advantage in the prompt: a policy behind the stop-gradient could not learn to heed a word that its backbone
 * does not hand on. An action expert sees the last layer of a policy's language model as keys and values only: its values have to say
 * where things are. A value function reads the mean of what comes out.
 */
export function say(
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

/**
 * Its inputs are the prefix's, `places` [B, 9] (times `perMetre`), `turns` [B, 2, 2], `turned` [B, 2], `spots` and `spotTurns`
 * [B, cameras, things, 2], `seen` and `spotTurned` [B, cameras, things], `weights` [B] and, for a policy, `advantage` [B, 1].
 * Distances count as they are, but for the smallest: a few scenes that cannot be told from their pictures must not rule the others. The nearer
 * object or goal is to the gripper, or they are to one another, the more it counts how far off that is said to be: there it decides a grasp or
 * where to let go.
 */
export function groundingLoss(
  grounding: Grounding,
  batch: number,
): { readonly inputs: readonly Tensor[]; readonly terms: readonly LossTerm[] } {
  const cameras = grounding.config.cameras.length;
  const prefix = prefixInputs(grounding.config, batch);
  const places = t.input("places", [batch, placeCount]);
  const turns = t.input("turns", [batch, 2, 2]);
  const turned = t.input("turned", [batch, 2]);
  const spots = t.input("spots", [batch, cameras, things.length, 2]);
  const seen = t.input("seen", [batch, cameras, things.length]);
  const spotTurns = t.input("spotTurns", spots.shape);
  const spotTurned = t.input("spotTurned", seen.shape);
  const weights = t.input("weights", [batch]);
  const said = say(grounding, prefix);
  const three = t.reshape(places, [batch, 3, 3]);
  const [near, grasp] = [t.slice(three, 1, 0, 2), t.full(1, [batch, 1, 3])];
  const counts = t.reshape(t.concat([nearness(near), grasp], 1), [batch, placeCount]);
  const far = t.mul(distance(said.places, places, 1e-3), counts);
  const apart = t.sub(t.slice(places, 1, 0, 3), t.slice(places, 1, 3, 6));
  const between = t.mul(distance(said.between, apart, 1e-3), nearness(apart));
  const askew = (a: Tensor, b: Tensor) => t.sum(t.mul(t.sub(a, b), t.sub(a, b)), -1);
  const off = distance(said.spots, spots, 1e-4);
  const doubt = t.sub(t.sigmoid(said.seen), seen);
  const advantage = said.advantage && t.input("advantage", [batch, 1]);
  const rows = (x: Tensor) => t.mean(t.reshape(x, [batch, -1]), 1);
  return {
    inputs: [
      ...prefix.all,
      places,
      turns,
      turned,
      spots,
      seen,
      spotTurns,
      spotTurned,
      weights,
      ...(advantage ? [advantage] : []),
    ],
    terms: [
      { name: "places", value: t.weightedMean(rows(far), weights), factor: 3, weight: weightOf("weights") },
      { name: "between", value: t.weightedMean(rows(between), weights), factor: 3, weight: weightOf("weights") },
      {
        name: "turns",
        value: t.weightedMean(askew(said.turns, turns), turned),
        factor: 1,
        weight: weightOf("turned"),
      },
      {
        name: "spotTurns",
        value: t.weightedMean(askew(said.spotTurns, spotTurns), spotTurned),
        factor: 1,
        weight: weightOf("spotTurned"),
      },
      ...(advantage
        ? [
            {
              name: "advantage",
              value: t.weightedMean(askew(said.advantage!, advantage), weights),
              factor: 0.3,
              weight: weightOf("weights"),
            },
          ]
        : []),
      { name: "spots", value: t.weightedMean(t.mean(off, 3), seen), factor: 6, weight: weightOf("seen") },
      {
        name: "seen",
        value: t.weightedMean(rows(t.mul(doubt, doubt)), weights),
        factor: 3,
        weight: weightOf("weights"),
      },
    ],
  };
}

/** How much each number of a vector [..., 3] counts, by its length: 2 where there is none, 1 at 5 cm. */
function nearness(vectors: Tensor): Tensor {
  const away = t.sqrt(t.sum(t.mul(vectors, vectors), -1, { keep: true }));
  return t.expand(t.div(1, t.add(away, 0.05 * perMetre)), vectors.shape);
}

/** Along each axis, rounded off below about √soft so that it has a gradient everywhere. */
function distance(a: Tensor, b: Tensor, soft: number): Tensor {
  const d = t.sub(a, b);
  return t.sqrt(t.add(t.mul(d, d), soft));
}
