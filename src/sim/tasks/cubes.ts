// Cubes and the skills to move them, shared by several tasks.
import { centredOn, closingYaw, type Motion, opening } from "../arm.ts";
import { type Element, element } from "../mjcf.ts";
import type { Physics } from "../physics.ts";
import type { Placement } from "../placement.ts";
import type { Attempt } from "../task.ts";

export const colours = ["red", "green", "blue"] as const;
export type Colour = (typeof colours)[number];

/** Colours of the objects, red, green, blue and alpha, 0 to 1. */
export const paints: Readonly<Record<Colour, readonly number[]>> = {
  red: [0.8, 0.1, 0.08, 1],
  green: [0.1, 0.55, 0.15, 1],
  blue: [0.1, 0.2, 0.75, 1],
};

/**
 * The body "red cube" and so on, at rest at `y` until it is placed.
 * @param half half a side, metres
 */
export function cube(colour: Colour, half: number, y: number): Element {
  return element("body", { name: cubeOf(colour), pos: [0.2, y, half] }, [
    element("freejoint"),
    element("geom", {
      type: "box",
      size: [half, half, half],
      mass: 0.02,
      rgba: paints[colour],
      friction: [0.9, 0.005, 0.0001],
    }),
  ]);
}

/** The body's name. */
export const cubeOf = (colour: Colour): string => `${colour} cube`;

/** Places a body upright, its middle `z` metres above the table. */
export function putDown(physics: Physics, { body, x, y, yaw }: Placement, z: number): void {
  physics.place(body, { position: [x, y, z], quaternion: [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)] });
}

/** Whether a body is nearly at rest: below 3 cm/s and 0.6 rad/s. */
export function isStill(physics: Physics, body: string): boolean {
  const { linear, angular } = physics.speed(body);
  return linear < 0.03 && angular < 0.6;
}

/** Whether no jaw touches a body. */
export function isReleased(physics: Physics, body: string): boolean {
  return ["gripper", "moving_jaw"].every((jaw) => physics.contactForce(jaw, body) === 0);
}

/** Height of the gripper on its way over the table, and its lowest grasp, metres. */
export const hover = 0.085;
const low = 0.0125;

/**
 * Picks up a cube to the hover height. The gripper comes from above, or continues from over or around the cube. Its
 * jaws open twice as wide as the cube, centred on it, and close on it wherever it lies. The grasp may fail: check
 * whether the arm holds the cube.
 *
 * @param half half a side of the cube, metres
 */
export function* pick({ world, arm, style, random }: Attempt, body: string, half: number): Motion {
  const { position, quaternion } = world.physics.pose(body);
  const stray = (scale = 1) => scale * style.sloppiness * random.normal();
  const [x, y] = [position[0] + stray(), position[1] + stray()];
  const yaw = closingYaw(2 * Math.atan2(quaternion[3], quaternion[0]), x, y) + stray(20);
  const wide = 4 * half;
  const around = (z: number) => [...centredOn({ x, y }, yaw, wide), z] as const;
  const grasp = Math.max(position[2], low);
  if (!arm.isOver(around(grasp), wide - 0.01)) {
    yield* arm.clear();
    yield* arm.grip(opening(wide));
    yield* arm.reach({ position: around(grasp + 0.06), yaw });
  }
  yield* arm.slide({ position: around(grasp), yaw });
  yield* arm.grip(opening(0.018));
  yield* arm.slide({ position: around(hover), yaw });
}

/**
 * Carries a held cube over a place, looks at its position between the jaws, and lowers its middle to (x, y, z). The
 * cube may have slipped: check whether the arm still holds it.
 */
export function* bring(
  { world, arm, style, random }: Attempt,
  body: string,
  place: readonly [number, number],
  z: number,
): Motion {
  const [x, y] = place.map((at) => at + style.sloppiness * random.normal()) as [number, number];
  const [heldX, heldY] = world.physics.pose(body).position;
  if (Math.hypot(heldX - x, heldY - y) > 0.012) yield* arm.reach({ position: [x, y, z + 0.05] });
  const held = world.physics.pose(body).position;
  const site = arm.position;
  const over = [site[0] + x - held[0], site[1] + y - held[1]] as const;
  yield* arm.slide({ position: [...over, z + 0.03] });
  yield* arm.slide({ position: [...over, z + site[2] - held[2]] });
}
