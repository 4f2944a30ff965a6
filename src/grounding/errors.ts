// Errors of a backbone on held-out scenes.
import * as z from "zod";
import { sameTurn } from "../sim/index.ts";
import { anyNumber } from "../system/index.ts";
import { perMetre, placeCount } from "./network.ts";
import type { Scenes } from "./scenes.ts";
import { cameras, things } from "./things.ts";

const spreadSchema = z.object({ median: anyNumber, nineOfTen: anyNumber }).readonly();
/** The median, and the ninth decile. */
export type Spread = z.infer<typeof spreadSchema>;

export const groundingErrorsSchema = z.object({
  scenes: z.int().min(1),
  object: spreadSchema,
  goal: spreadSchema,
  grasp: spreadSchema,
  /** null without such a scene */
  between: spreadSchema.nullable(),
  turn: spreadSchema,
  pixels: z.record(z.enum(cameras), spreadSchema).readonly(),
});
/**
 * Errors on scenes. Millimetres over the table: from the grasp point to object and goal, of the grasp point itself, and
 * from goal to object for distances below 4 cm. Degrees (0 to 45) for the turns of object and goal. Pixels in the
 * images.
 */
export type GroundingErrors = Readonly<z.infer<typeof groundingErrorsSchema>>;

/**
 * A network's predictions of scenes: `places` [B, 9] and `between` [B, 3] times `perMetre`, `turns` [B, 2, 2], `spots`
 * [B, cameras, things, 2].
 */
export interface Predictions {
  readonly places: Float32Array;
  readonly between: Float32Array;
  readonly turns: Float32Array;
  readonly spots: Float32Array;
}

/** Largest distance of `between`, metres. */
const near = 0.04;

/**
 * Compares predictions with their scenes, batch by batch.
 * @param pictureSize height and width of the images, pixels
 */
export function groundingErrors(
  batches: readonly Scenes[],
  predictions: readonly Predictions[],
  pictureSize: number,
): GroundingErrors {
  const millimetres: [number[], number[], number[]] = [[], [], []];
  const between: number[] = [];
  const degrees: number[] = [];
  const pixels = cameras.map((): number[] => []);
  for (const [i, { size, places, turns, turned, spots, seen }] of batches.entries()) {
    const predicted = predictions[i]!;
    for (let at = 0; at < size; at++)
      for (const [part, errors] of millimetres.entries()) {
        const off = (axis: number) => {
          const index = at * placeCount + 3 * part + axis;
          return predicted.places[index]! / perMetre - places[index]!;
        };
        errors.push(1000 * Math.hypot(off(0), off(1)));
      }
    for (let at = 0; at < size; at++) {
      const apart = (axis: number) => places[at * placeCount + axis]! - places[at * placeCount + 3 + axis]!;
      if (Math.hypot(apart(0), apart(1)) >= near) continue;
      const off = (axis: number) => predicted.between[3 * at + axis]! / perMetre - apart(axis);
      between.push(1000 * Math.hypot(off(0), off(1)));
    }
    for (const [index, counts] of turned.entries()) {
      if (counts === 0) continue;
      const angle = (of: Float32Array) => Math.atan2(of[2 * index + 1]!, of[2 * index]!) / 4;
      degrees.push((180 / Math.PI) * Math.abs(sameTurn(angle(predicted.turns) - angle(turns), 4)));
    }
    for (const [index, visible] of seen.entries()) {
      if (visible === 0) continue;
      const off = (axis: number) => predicted.spots[2 * index + axis]! - spots[2 * index + axis]!;
      const camera = Math.floor(index / things.length) % cameras.length;
      pixels[camera]!.push((pictureSize / 2) * Math.hypot(off(0), off(1)));
    }
  }
  const [object, goal, grasp] = millimetres.map(spreadOf) as [Spread, Spread, Spread];
  const byCamera = Object.fromEntries(cameras.map((camera, i) => [camera, spreadOf(pixels[i]!)]));
  return {
    scenes: batches.reduce((sum, { size }) => sum + size, 0),
    object,
    goal,
    grasp,
    between: between.length > 0 ? spreadOf(between) : null,
    turn: spreadOf(degrees),
    pixels: byCamera as GroundingErrors["pixels"],
  };
}

function spreadOf(errors: readonly number[]): Spread {
  const ascending = Float64Array.from(errors).sort();
  const at = (share: number) => ascending[Math.floor(share * (ascending.length - 1))]!;
  return { median: at(0.5), nineOfTen: at(0.9) };
}
