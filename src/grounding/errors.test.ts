import { expect, test } from "vitest";
import { groundingErrors } from "./errors.ts";
import type { Scenes } from "./scenes.ts";
import { cameras, things } from "./things.ts";

/** Ten scenes, everything at zero, one thing seen by each camera. */
function zeros(): Scenes {
  const size = 10;
  const seen = new Float32Array(size * cameras.length * things.length);
  for (let at = 0; at < size * cameras.length; at++) seen[at * things.length + 2] = 1;
  return {
    size,
    pictures: { front: new Uint8Array(0), wrist: new Uint8Array(0) },
    instructions: [],
    states: new Float32Array(0),
    places: new Float32Array(size * 9),
    turns: Float32Array.from({ length: size * 4 }, (_, i) => (i % 2 === 0 ? 1 : 0)),
    turned: Float32Array.from({ length: size * 2 }, (_, i) => 1 - (i % 2)),
    spots: new Float32Array(seen.length * 2),
    seen,
    spotTurns: new Float32Array(seen.length * 2),
    spotTurned: new Float32Array(seen.length),
  };
}

test("errors: millimetres over the table, degrees of what is not round, pixels of what is seen, the median and nine of ten", () => {
  const scenes = zeros();
  const places = new Float32Array(10 * 9);
  const between = new Float32Array(10 * 3);
  const turns = new Float32Array(10 * 4);
  const spots = new Float32Array(scenes.seen.length * 2);
  for (let at = 0; at < 10; at++) {
    // Decimetres: the object is off by 3 and 4 mm times the scene's number, its height does not count.
    places.set([0.03 * at, 0.04 * at, 5, 0, 0, 0, -0.1, 0, 1], at * 9);
    between.set([0.05, 0, at], at * 3);
    // A turn of the object by 5°, and of the round goal by whatever.
    turns.set([Math.cos(Math.PI / 9), Math.sin(Math.PI / 9), -1, 0], at * 4);
    const front = (at * cameras.length * things.length + 2) * 2;
    spots.set([0, 0.25], front);
    spots.set([9, 9], front + 2); // of what is not to be seen
  }
  const errors = groundingErrors([scenes], [{ places, between, turns, spots }], 64);
  expect(errors.scenes).toBe(10);
  expect(errors.object.median).toBeCloseTo(20, 4);
  expect(errors.object.nineOfTen).toBeCloseTo(40, 4);
  expect(errors.goal).toEqual({ median: 0, nineOfTen: 0 });
  expect(errors.grasp.median).toBeCloseTo(10, 4);
  expect(errors.between!.median).toBeCloseTo(5, 4);
  expect(errors.turn.median).toBeCloseTo(5, 4);
  expect(errors.turn.nineOfTen).toBeCloseTo(5, 4);
  expect(errors.pixels).toEqual({ front: { median: 8, nineOfTen: 8 }, wrist: { median: 0, nineOfTen: 0 } });
});
