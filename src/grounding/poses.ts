// Random poses of arm and objects in a scene. The same draws give the same pose.
import {
  centredOn,
  facing,
  type InverseKinematics,
  middleOf,
  opening,
  type Physics,
  sameTurn,
  shoulderX,
  type Task,
  type World,
  yawOf,
} from "../sim/index.ts";
import type { Random } from "../system/index.ts";
import { bodiesOf, graspPoint, type Point } from "./things.ts";

/** A task's world, with a solver for the arm. */
export interface Table {
  readonly task: Task;
  readonly world: World;
  readonly kinematics: InverseKinematics;
}

/**
 * An object brought to its goal: its standard deviation from the goal on each axis, height of its fall, metres, and time for
 * the fall, seconds.
 */
const fall = { spread: 0.015, height: 0.03, seconds: 0.32 };
/**
 * Kinds of poses by a uniform draw, each up to its number: near the rest pose, anywhere, and around a block to push.
 * Other draws give a pose over a thing.
 */
const poseKinds = { rest: 0.1, anywhere: 0.2, aroundBlock: 0.45 } as const;
/** Mean joint angles of both, radians, and their standard deviations. */
const restPose = { middle: [0, -1.55, 1.4, 1, 0], spread: [0.2, 0.2, 0.2, 0.2, 0.2] } as const;
const anyPose = { middle: [0, -0.5, 0.8, 1, 0], spread: [0.6, 0.5, 0.5, 0.4, 0.6] } as const;
/** Share of poses over a thing close to it, and standard deviations from its middle when close and when not, metres. */
const closeness = { share: 0.7, near: 0.025, far: 0.06 } as const;
/**
 * Share of poses over a thing with a chosen closing direction, and the direction's standard deviation from straight
 * away from the arm, radians.
 */
const chosenYaw = { share: 0.7, spread: 0.6 } as const;
/** Share of scenes with an object between the jaws, on tables without pushing. */
const holding = 0.25;
/** Share of poses around a block with closed jaws, and the standard deviation of the jaws' middle, metres. */
const aroundBlock = { closed: 0.7, stray: 0.004 } as const;

/** Whether a body is on the table. Unused blocks wait below. */
const isOnTable = (physics: Physics, body: string) => physics.pose(body).position[2] > -0.1;

/** Drops the named object at the goal, about in the goal's direction. */
export async function bringToGoal({ task, world }: Table, draws: Random): Promise<void> {
  const { physics } = world;
  const { object, goal } = task.named(world.instruction);
  const at = physics.pose(goal);
  const yaw = yawOf(at) + 0.4 * draws.normal();
  const [x, y] = at.position.map((middle) => middle + fall.spread * draws.normal()) as [number, number];
  const z = physics.pose(object).position[2] + fall.height;
  physics.place(object, { position: [x, y, z], quaternion: [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)] });
  const { state } = await world.observe();
  for (let period = 0; period < fall.seconds * world.fps; period++) await world.act(state);
}

/** Moves the arm to a random pose, mostly near things, and sometimes puts an object between its jaws. */
export function poseArm({ task, world, kinematics }: Table, draws: Random): void {
  const { physics } = world;
  const around = ({ middle, spread }: { readonly middle: readonly number[]; readonly spread: readonly number[] }) =>
    middle.map((angle, i) => angle + spread[i]! * draws.normal());
  const kind = draws.uniform();
  let joints: readonly number[];
  if (kind < poseKinds.rest) joints = around(restPose);
  else if (kind < poseKinds.anywhere) joints = around(anyPose);
  else if (task.pushed && kind < poseKinds.aroundBlock) {
    placeAround(world, kinematics, task.named(world.instruction).object, draws);
    return;
  } else {
    const near = bodiesOf(physics).filter((body) => isOnTable(physics, body));
    const [x, y] = physics.pose(near[draws.integer(near.length)]!).position;
    const spread = draws.uniform() < closeness.share ? closeness.near : closeness.far;
    const over: Point = [
      x + spread * draws.normal(),
      y + spread * draws.normal(),
      0.01 + 0.12 * draws.uniform() ** 1.5,
    ];
    const outward = Math.atan2(y, x - shoulderX);
    const yaw = draws.uniform() < chosenYaw.share && { yaw: outward + chosenYaw.spread * draws.normal() };
    joints = kinematics.solve({ position: over, ...yaw }, facing(x, y)).joints;
  }
  world.placeArm([...joints, -0.15 + draws.uniform()]);
  if (task.pushed || draws.uniform() >= holding) return;
  const held = task.objects[draws.integer(task.objects.length)]!;
  if (!isOnTable(physics, held)) return;
  const width = widthOf(physics, held);
  const [x, y, z] = graspPoint(physics);
  const site = physics.id("site", "grasp");
  const along = (axis: number) => middleOf(width) * physics.data.site_xmat[9 * site + 3 * axis]!;
  const position: Point = [
    x + along(0) + 0.003 * draws.normal(),
    y + along(1) + 0.003 * draws.normal(),
    z + along(2) + 0.005 * draws.normal(),
  ];
  physics.place(held, { position, quaternion: physics.pose(held).quaternion });
  world.placeArm([...joints, opening(width) + 0.15 * (draws.uniform() - 1 / 3)]);
}

/** Puts the jaws down around a block, closed with a little play, or open. */
function placeAround(world: World, kinematics: InverseKinematics, block: string, draws: Random): void {
  const at = world.physics.pose(block);
  const [x, y] = at.position;
  const { closed, stray } = aroundBlock;
  const outward = Math.atan2(y, x - shoulderX);
  const yaw = outward + sameTurn(yawOf(at) - outward, 4) + 0.15 * draws.normal();
  const width = widthOf(world.physics, block) + (draws.uniform() < closed ? 0.001 + 0.002 * draws.normal() : 0.03);
  const [cx, cy] = centredOn({ x, y }, yaw, width);
  const position: Point = [cx + stray * draws.normal(), cy + stray * draws.normal(), 0.02 + 0.01 * draws.uniform()];
  const { joints } = kinematics.solve({ position, yaw }, facing(x, y));
  world.placeArm([...joints, opening(width)]);
}

/** Width of a box, metres. */
function widthOf(physics: Physics, body: string): number {
  const geom = physics.model.geom_bodyid.indexOf(physics.id("body", body));
  return 2 * physics.model.geom_size[3 * geom]!;
}
