// Scripted motions of the SO-101's arm: paths of the gripper as joint targets, one for each control period. Motions are
// generators: the control loop decides when time passes, and may stop at any moment.

import { fromRadians, so101 } from "../robot/index.ts";
import type { Random } from "../system/index.ts";
import { type IkTarget, InverseKinematics } from "./kinematics.ts";
import { shoulderX } from "./placement.ts";
import type { Style } from "./style.ts";
import type { World } from "./world.ts";

/** Joint targets in the robot's units, one for each control period. */
export type Motion = Generator<readonly number[], void, void>;

/** Speed of the gripper at style speed 1. */
const metresPerSecond = 0.2;
/** Speed of the fastest joint at style speed 1. */
const radiansPerSecond = 1.6;
/** Distance between the knots of a straight line, metres. */
const knotSpacing = 0.015;
/** Height of the gripper above all objects on the table, metres. */
const free = 0.06;

/** Force of each jaw from which it holds a body, newtons. */
const holdingForce = 0.5;
/** The jaws are over a place inside this funnel: its height and its radius at the place, metres, and the radius gained per metre of height. */
const funnel = { height: 0.08, radius: 0.006, slope: 0.3 } as const;
/** Time for the jaws to meet a body, seconds. */
const closingTime = 0.16;

const body = so101.slice(0, 5).map(({ joint }) => joint);
const gripper = 5;

/** The arm as a script moves it. It owns memory outside JavaScript: `close` it. */
export class Arm {
  private readonly world: World;
  private readonly style: Style;
  private readonly random: Random;
  private readonly ik: InverseKinematics;
  private readonly site: number;
  /** What the script does now, in words: the subtask of these control periods. */
  doing: string | undefined;

  constructor(world: World, style: Style, random: Random) {
    this.world = world;
    this.style = style;
    this.random = random;
    this.ik = new InverseKinematics(world.physics, { site: "grasp", joints: body });
    this.site = world.physics.id("site", "grasp");
  }

  /** The grasp point between the finger tips, metres. */
  get position(): readonly [number, number, number] {
    const [x, y, z] = this.world.physics.data.site_xpos.subarray(3 * this.site, 3 * this.site + 3);
    return [x!, y!, z!];
  }

  /** Closing direction of the jaws as an angle about the vertical, radians, for a gripper that points down. */
  get yaw(): number {
    const rotation = this.world.physics.data.site_xmat.subarray(9 * this.site, 9 * this.site + 9);
    return Math.atan2(rotation[3]!, rotation[0]!);
  }

  /** Distance between the finger tips, metres. */
  get gap(): number {
    const { physics } = this.world;
    return tipDistance(physics.data.qpos[physics.model.jnt_qposadr[physics.id("joint", so101[gripper]!.joint)]!]!);
  }

  /** Whether both jaws press on a body. */
  holds(object: string): boolean {
    return ["gripper", "moving_jaw"].every((jaw) => this.world.physics.contactForce(jaw, object) > holdingForce);
  }

  /**
   * Whether the jaws, at least `gap` metres open, surround a place or can reach it from above in a straight line. A
   * script that begins in the middle of an attempt continues from there, without raising the hand first.
   */
  isOver([x, y, z]: readonly [number, number, number], gap: number): boolean {
    const [ownX, ownY, ownZ] = this.position;
    const above = Math.max(0, ownZ - z);
    const reach = funnel.radius + funnel.slope * above;
    return this.gap >= gap && above < funnel.height && Math.hypot(x - ownX, y - ownY) < reach;
  }

  /** Moves through free space, all joints at once. It strays by the style's detour and pauses by its hesitation. */
  *reach(target: IkTarget): Motion {
    yield* this.hesitate();
    const { detour } = this.style;
    if (detour > 0) {
      const here = this.position;
      const stray = () => detour * this.random.normal();
      const [x, y, z] = target.position.map((end, i) => (here[i]! + end) / 2 + stray()) as [number, number, number];
      yield* this.sweep([this.solve({ ...target, position: [x, y, Math.max(z, free)] })], this.distance([x, y, z]));
    }
    yield* this.sweep([this.solve(target)], this.distance(target.position));
  }

  /** Moves the gripper in a straight line, for the last centimetres. `pace` scales the speed. */
  *slide(target: IkTarget, pace = 0.6): Motion {
    const here = this.position;
    const distance = this.distance(target.position);
    const count = Math.max(1, Math.ceil(distance / knotSpacing));
    const knots: (readonly number[])[] = [];
    for (let i = 1; i <= count; i++) {
      const [x, y, z] = target.position.map((end, axis) => here[axis]! + ((end - here[axis]!) * i) / count) as [
        number,
        number,
        number,
      ];
      knots.push(this.ik.solve({ ...target, position: [x, y, z] }, knots.at(-1) ?? this.commanded.slice(0, 5)).joints);
    }
    yield* this.sweep(knots, distance / pace);
  }

  /** Moves straight up to a height above the table, metres. */
  *rise(height: number): Motion {
    const [x, y] = this.position;
    yield* this.slide({ position: [x, y, height] }, 1);
  }

  /** Moves straight up above all objects, with the jaws unchanged. It does nothing if the gripper is high enough. */
  *clear(): Motion {
    if (this.position[2] < free - 0.005) yield* this.rise(free);
  }

  /** Opens or closes the jaws to an angle in radians, and waits for contact. */
  *grip(angle: number): Motion {
    const from = this.commanded;
    yield* this.sweep([from.slice(0, 5)], 0, angle);
    yield* this.wait(closingTime);
  }

  /** Holds still, in seconds. */
  *wait(seconds: number): Motion {
    const targets = fromRadians(this.commanded);
    for (let i = 0; i < Math.round(seconds * this.world.fps); i++) yield targets;
  }

  close(): void {
    this.ik.close();
  }

  /** Pauses before a motion: never in half the cases, else for an exponentially distributed time. */
  private *hesitate(): Motion {
    const { hesitation } = this.style;
    if (hesitation > 0 && this.random.uniform() < 0.5)
      yield* this.wait(-hesitation * Math.log(1 - this.random.uniform()));
  }

  /** The present joint targets, radians. A motion begins there, not at the sagging joints. */
  private get commanded(): number[] {
    const { physics } = this.world;
    return so101.map(({ joint }) => physics.data.ctrl[physics.id("actuator", joint)]!);
  }

  private distance(to: readonly number[]): number {
    return Math.hypot(...this.position.map((x, i) => to[i]! - x));
  }

  /** Joint angles for a target. The solver starts from a pose that faces the target with the usual bends. */
  private solve(target: IkTarget): readonly number[] {
    const [x, y] = target.position;
    return this.ik.solve(target, facing(x, y)).joints;
  }

  /** Moves through joint angles in one smooth motion (minimum jerk over the whole) and the jaws to `grip` meanwhile. */
  private *sweep(knots: readonly (readonly number[])[], distance: number, grip?: number): Motion {
    const from = this.commanded;
    const path = [from, ...knots.map((joints) => [...joints, grip ?? from[gripper]!])];
    const turns = path.slice(1).map((end, i) => Math.max(...end.map((angle, j) => Math.abs(angle - path[i]![j]!))));
    const total = turns.reduce((sum, turn) => sum + turn, 0);
    const seconds = Math.max(distance / metresPerSecond, total / radiansPerSecond) / this.style.speed;
    const periods = Math.max(1, Math.round(seconds * this.world.fps));
    for (let i = 1; i <= periods; i++) {
      const at = minimumJerk(i / periods) * knots.length;
      const segment = Math.min(knots.length - 1, Math.floor(at));
      const [start, end] = [path[segment]!, path[segment + 1]!];
      yield fromRadians(start.map((angle, j) => angle + (end[j]! - angle) * (at - segment)));
    }
  }
}

/** Minimum jerk from 0 to 1, with speed and acceleration 0 at both ends (Flash & Hogan 1985). */
function minimumJerk(time: number): number {
  return time ** 3 * (10 - 15 * time + 6 * time ** 2);
}

/** Joint angles with the arm's usual bends that face (x, y), radians: a start for inverse kinematics. */
export function facing(x: number, y: number): readonly number[] {
  return [Math.atan2(-y, x - shoulderX), -0.2, 0.6, 1.2, 0];
}

/** The jaws' angle for finger tips `width` metres apart, radians. */
export function opening(width: number): number {
  return 0.15 + (width - 0.025) / 0.066;
}

/** From the grasp point to the fixed jaw, metres. */
const fixedJaw = 0.016;

/**
 * Distance from the grasp point to the middle between the jaws, along the closing direction, for tips `width` metres
 * apart. The fixed jaw does not move; the other one swings.
 */
export function middleOf(width: number): number {
  return width / 2 - fixedJaw;
}

/** The grasp point for jaws with (x, y) in their middle, `width` metres open and closing along `yaw`, metres. */
export function centredOn(
  { x, y }: { readonly x: number; readonly y: number },
  yaw: number,
  width: number,
): readonly [number, number] {
  const aside = middleOf(width);
  return [x - aside * Math.cos(yaw), y - aside * Math.sin(yaw)];
}

const tipDistance = (angle: number): number => 0.025 + 0.066 * (angle - 0.15);

/**
 * The closing direction across a box turned by `yaw`: the one nearest to straight away from the arm at (x, y), radians.
 */
export function closingYaw(yaw: number, x: number, y: number): number {
  const outward = Math.atan2(y, x - shoulderX);
  const quarter = Math.PI / 2;
  return outward + ((((yaw - outward + quarter / 2) % quarter) + quarter) % quarter) - quarter / 2;
}
