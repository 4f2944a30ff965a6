// The loss of grounding: how wrong a backbone's predictions of scenes are. B scenes.
import { type LossTerm, prefixInputs, weightOf } from "../model/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type Grounding, type GroundingOutputs, perMetre, placeCount, predictScenes } from "./network.ts";
import { things } from "./things.ts";

/**
 * Factors of the terms, set by hand. Predicted positions lead: a grasp needs them to a centimetre. Turns are plain mean squares from 0 to 4 and
 * large already. The advantage word is easy to read and must only not be lost.
 */
const factors = {
  places: 3,
  between: 3,
  turns: 1,
  spotTurns: 1,
  advantage: 0.3,
  spots: 6,
  seen: 3,
} as const;

/** Softening of distances: below about its root a distance is rounded off. In squared decimetres, and in squared half pictures. */
const softness = { place: 1e-3, spot: 1e-4 } as const;

/** Distance at which a place counts once, metres. At 0 m it counts twice. */
const nearby = 0.05;

/**
 * The loss of a batch. Beside the prefix's inputs it takes `places` [B, 9] (times `perMetre`), `turns` [B, 2, 2], `turned` [B, 2], `spots` and
 * `spotTurns` [B, cameras, things, 2], `seen` and `spotTurned` [B, cameras, things], `weights` [B] and, for a policy, `advantage` [B, 1].
 *
 * Distances count by their length, not its square: a few ambiguous scenes must not rule the others. An error counts more if the object or the goal
 * is near the gripper, or they are near one another. There it decides a grasp or a release.
 */
export function groundingLoss(
  grounding: Grounding,
  batch: number,
): { readonly inputs: readonly Tensor[]; readonly terms: readonly LossTerm[] } {
  const prefix = prefixInputs(grounding.config, batch);
  const predicted = predictScenes(grounding, prefix);
  const targets = targetInputs(batch, grounding.config.cameras.length);
  const advantage = predicted.advantage && t.input("advantage", [batch, 1]);
  const { places, turns, turned, spots, seen, spotTurns, spotTurned, weights } = targets;
  const apart = t.sub(t.slice(places, 1, 0, 3), t.slice(places, 1, 3, 6));
  const between = t.mul(distance(predicted.between, apart, softness.place), nearness(apart));
  const doubt = t.sub(t.sigmoid(predicted.seen), seen);
  const term = (name: keyof typeof factors, errors: Tensor, by: Tensor): LossTerm => ({
    name,
    value: t.weightedMean(errors, by),
    factor: factors[name],
    weight: weightOf(by.node.name!),
  });
  return {
    inputs: [...prefix.all, ...Object.values(targets), ...(advantage ? [advantage] : [])],
    terms: [
      term("places", perScene(placeErrors(predicted, places)), weights),
      term("between", perScene(between), weights),
      term("turns", squared(predicted.turns, turns), turned),
      term("spotTurns", squared(predicted.spotTurns, spotTurns), spotTurned),
      ...(advantage ? [term("advantage", squared(predicted.advantage!, advantage), weights)] : []),
      term("spots", t.mean(distance(predicted.spots, spots, softness.spot), 3), seen),
      term("seen", perScene(t.mul(doubt, doubt)), weights),
    ],
  };
}

/** The targets as graph inputs, named and shaped as in `groundingLoss`. */
function targetInputs(batch: number, cameras: number) {
  const spots = [batch, cameras, things.length, 2];
  const seen = [batch, cameras, things.length];
  return {
    places: t.input("places", [batch, placeCount]),
    turns: t.input("turns", [batch, 2, 2]),
    turned: t.input("turned", [batch, 2]),
    spots: t.input("spots", spots),
    seen: t.input("seen", seen),
    spotTurns: t.input("spotTurns", spots),
    spotTurned: t.input("spotTurned", seen),
    weights: t.input("weights", [batch]),
  };
}

/** Errors of `places` [B, 9]. Those of object and goal count by nearness to the gripper, those of the gripper once. */
function placeErrors(predicted: GroundingOutputs, places: Tensor): Tensor {
  const batch = places.shape[0]!;
  const [near, grasp] = [t.slice(t.reshape(places, [batch, 3, 3]), 1, 0, 2), t.full(1, [batch, 1, 3])];
  const counts = t.reshape(t.concat([nearness(near), grasp], 1), [batch, placeCount]);
  return t.mul(distance(predicted.places, places, softness.place), counts);
}

/** Weight of each number of a vector [..., 3], by the vector's length: 2 at 0 m, 1 at 5 cm. */
function nearness(vectors: Tensor): Tensor {
  const away = t.sqrt(t.sum(t.mul(vectors, vectors), -1, { keep: true }));
  return t.expand(t.div(1, t.add(away, nearby * perMetre)), vectors.shape);
}

/** Distance along each axis, rounded off below about √soft: it has a gradient everywhere. */
function distance(a: Tensor, b: Tensor, soft: number): Tensor {
  const d = t.sub(a, b);
  return t.sqrt(t.add(t.mul(d, d), soft));
}

/** Squared distance of vectors along the last axis. */
const squared = (a: Tensor, b: Tensor): Tensor => t.sum(t.mul(t.sub(a, b), t.sub(a, b)), -1);

/** Mean of each scene's numbers: [B]. */
const perScene = (x: Tensor): Tensor => t.mean(t.reshape(x, [x.shape[0]!, -1]), 1);
