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
}

/** Numbers of a scene's `places`. */
export const placeCount = 9;
/** A decimetre's worth: places in the loss are about as large as 1. */
export const perMetre = 10;

export function initGrounding(scope: Scope, config: PolicyConfig | ValueConfig): Grounding {
  const { width, keyValueHeads, headSize } = config.language;
  const heads = scope.at("grounding");
  return {
    config,
    backbone: initBackbone(scope, config),
    spots: config.cameras.map((camera) => t.nn.initLinear(heads.at(camera), width, 3 * things.length)),
    places: t.nn.initLinear(heads.at("places"), "expert" in config ? keyValueHeads * headSize : width, placeCount),
  };
}

export interface Said {
  /** [B, 9]: `Scenes.places` times `perMetre`. */
  readonly places: Tensor;
  /** [B, cameras, things, 2]. */
  readonly spots: Tensor;
  /** Logits [B, cameras, things] of what is to be seen. */
  readonly seen: Tensor;
}

/**
 * What it says of scenes. An action expert sees the last layer of a policy's language model as keys and values only: its values have to say
 * where things are. A value function reads the mean of what comes out.
 */
export function say({ config, backbone, spots, places }: Grounding, inputs: PrefixInputs): Said {
  const [batch, length] = inputs.blocks.shape as [number, number];
  const prefix = readPrefix(backbone, inputs);
  const handedOn = "expert" in config ? t.nn.mergeHeads(prefix.keysValues.at(-1)![1]) : prefix.hidden;
  const there = t.reshape(t.cast(present(inputs), "f32"), [batch, length, 1]);
  const mean = t.div(t.sum(t.mul(handedOn, there), 1), prefix.count);
  const perPicture = prefix.pictures.map((token, camera) =>
    t.reshape(t.nn.linear(spots[camera]!, token), [batch, 1, things.length, 3]),
  );
  const [where, whether] = t.split(t.concat(perPicture, 1), 3, [2, 1]);
  return {
    places: t.nn.linear(places, mean),
    spots: where!,
    seen: t.reshape(whether!, [batch, perPicture.length, things.length]),
  };
}

/**
 * Its inputs are the prefix's, `places` [B, 9] (times `perMetre`), `spots` [B, cameras, things, 2], `seen` [B, cameras, things] and `weights` [B].
 * Distances count as they are, but for the smallest: a few scenes that cannot be told from their pictures must not rule the others.
 */
export function groundingLoss(
  grounding: Grounding,
  batch: number,
): { readonly inputs: readonly Tensor[]; readonly terms: readonly LossTerm[] } {
  const cameras = grounding.config.cameras.length;
  const prefix = prefixInputs(grounding.config, batch);
  const places = t.input("places", [batch, placeCount]);
  const spots = t.input("spots", [batch, cameras, things.length, 2]);
  const seen = t.input("seen", [batch, cameras, things.length]);
  const weights = t.input("weights", [batch]);
  const said = say(grounding, prefix);
  const far = t.reshape(distance(said.places, places, 1e-3), [batch, placeCount]);
  const off = distance(said.spots, spots, 1e-4);
  const doubt = t.sub(t.sigmoid(said.seen), seen);
  const rows = (x: Tensor) => t.mean(t.reshape(x, [batch, -1]), 1);
  return {
    inputs: [...prefix.all, places, spots, seen, weights],
    terms: [
      { name: "places", value: t.weightedMean(rows(far), weights), factor: 3, weight: weightOf("weights") },
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

/** Along each axis, rounded off below about √soft so that it has a gradient everywhere. */
function distance(a: Tensor, b: Tensor, soft: number): Tensor {
  const d = t.sub(a, b);
  return t.sqrt(t.add(t.mul(d, d), soft));
}
