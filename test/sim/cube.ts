// A cube of 25 mm on the table, and the simplest grasp, for tests of the world.

import { fromRadians } from "../../src/robot/index.ts";
import {
  createWorld,
  element,
  InverseKinematics,
  placeObjects,
  type Setting,
  type World,
  type WorldOptions,
} from "../../src/sim/index.ts";

const half = 0.0125;

const cubeSetting: Setting = {
  scene: {
    objects: [
      element("body", { name: "cube", pos: [0.2, 0, half] }, [
        element("freejoint"),
        element("geom", { type: "box", size: [half, half, half], mass: 0.015, rgba: [0.8, 0.1, 0.1, 1] }),
      ]),
    ],
  },
  arrange(physics, random) {
    for (const { body, x, y, yaw } of placeObjects(random, [{ body: "cube", radius: 0.018 }]))
      physics.place(body, { position: [x, y, half], quaternion: [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)] });
    return "pick up the cube";
  },
};

export function cubeWorld(options?: WorldOptions): Promise<World> {
  return createWorld(cubeSetting, options);
}

const body = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll"];

/** Hover, descend, close, lift. Gives the height of the cube above the table when all is done. */
export async function pickUp(world: World): Promise<number> {
  const { physics } = world;
  const ik = new InverseKinematics(physics, { site: "grasp", joints: body });
  try {
    const { position, quaternion } = physics.pose("cube");
    const [x, y] = position;
    const yaw = closingYaw(2 * Math.atan2(quaternion[3], quaternion[0]), Math.atan2(y, x - 0.0388));
    const start = [Math.atan2(-y, x - 0.0388), -0.2, 0.6, 1.2, 0];
    const above = ik.solve({ position: [x, y, 0.06], yaw }, start).joints;
    const at = ik.solve({ position: [x, y, 0.014], yaw }, above).joints;
    await move(world, [...above, 0.9], 40);
    await move(world, [...at, 0.9], 30);
    await move(world, [...at, -0.1], 15);
    await move(world, [...above, -0.1], 40);
    return physics.pose("cube").position[2] - half;
  } finally {
    ik.close();
  }
}

/** Of the four directions across the cube's faces, the one nearest to straight away from the arm. */
function closingYaw(cube: number, outward: number): number {
  return outward + ((((cube - outward + Math.PI / 4) % (Math.PI / 2)) + Math.PI / 2) % (Math.PI / 2)) - Math.PI / 4;
}

/** A straight line in joint space (radians) in `periods` control periods. */
async function move(world: World, target: readonly number[], periods: number): Promise<void> {
  const from = [...world.physics.data.ctrl];
  for (let i = 1; i <= periods; i++)
    await world.act(fromRadians(from.map((angle, j) => angle + ((target[j]! - angle) * i) / periods)));
}
