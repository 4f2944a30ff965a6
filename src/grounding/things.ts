// The vocabulary of scenes: cameras, instructions, and the things with a place.
import { type Physics, tasks } from "../sim/index.ts";

export type Point = readonly [number, number, number];

/** Cameras of a scene, in the order of `Scenes.spots`. */
export const cameras = ["front", "wrist"] as const;

/** The bodies in instructions. A table has some of them. */
const bodies: readonly string[] = [
  ...new Set(tasks.flatMap((task) => task.instructions.map(task.named).flatMap(({ object, goal }) => [object, goal]))),
];
/** The things with spots: those bodies, and the grasp point between the finger tips. */
export const things: readonly string[] = [...bodies, "grasp"];
/** The one round body. Every other looks the same after a quarter of a turn. */
const round = "bowl";
/** Whether a body's turn about the vertical is visible: it is not round and has not fallen over. */
export function isTurned(physics: Physics, body: string): boolean {
  const [, x, y] = physics.pose(body).quaternion;
  return body !== round && x ** 2 + y ** 2 < 0.01;
}
/** Every instruction of every task. */
export const instructions: readonly string[] = tasks.flatMap((task) => task.instructions);

/** The named bodies of a table. */
export const bodiesOf = (physics: Physics) => {
  const there = new Set(physics.names("body"));
  return bodies.filter((body) => there.has(body));
};

/** The grasp point between the finger tips, metres. */
export function graspPoint(physics: Physics): Point {
  const site = physics.id("site", "grasp");
  const [x, y, z] = physics.data.site_xpos.subarray(3 * site, 3 * site + 3);
  return [x!, y!, z!];
}

/** Closing direction of the jaws seen from above, radians. */
export function graspYaw(physics: Physics): number {
  const site = physics.id("site", "grasp");
  return Math.atan2(physics.data.site_xmat[9 * site + 3]!, physics.data.site_xmat[9 * site]!);
}
