// A robot: a simulated arm or a real one. A policy, a demonstrator or a person drives it and does not know which.
import type { Image } from "../data/index.ts";
import type { Unit } from "./so101/units.ts";

export interface Joint {
  /** LeRobot's name of the feature's entry, such as "shoulder_pan.pos". */
  readonly name: string;
  /** Smallest and largest value, in the unit of observations and actions. */
  readonly range: readonly [number, number];
}

/** A camera and the size of its pictures in pixels. */
export interface Camera {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

export interface Observation {
  /** Pictures by camera name, such as "front". A dataset calls the feature "observation.images.front". */
  readonly images: Readonly<Record<string, Image>>;
  /** Joint positions in the order of `Robot.joints`, in their units. */
  readonly state: Float32Array;
  /** The instruction. */
  readonly task: string;
}

/** How an episode begins. */
export interface EpisodeStart {
  /** In simulation the seed decides everything random in the episode. */
  readonly seed: number;
  /** The instruction (default: a simulated task draws one by the seed; a real robot keeps the last). */
  readonly instruction?: string | undefined;
}

/** What a motor reports of itself. A value is absent if the robot does not measure it. */
export interface JointHealth {
  readonly name: string;
  /** Faults that the motor reports, such as "overload"; empty if there are none. */
  readonly faults: readonly string[];
  /** Amperes. */
  readonly current?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  /** Volts. */
  readonly voltage?: number;
}

export interface Health {
  readonly joints: readonly JointHealth[];
  /** Control periods of this episode that began later than they should have. */
  readonly lateTicks: number;
}

export interface Robot {
  /** `robot_type` of its datasets. */
  readonly type: string;
  /** Unit of an SO-101's body joints. */
  readonly unit?: Unit;
  readonly joints: readonly Joint[];
  readonly cameras: readonly Camera[];
  /** Control rate in Hz. One `act` is one period. */
  readonly fps: number;
  /** Whether a control period takes its real time. A simulation passes periods as fast as it computes, unless it is told otherwise. */
  readonly realTime: boolean;
  /**
   * Begins an episode. A real arm goes to its rest pose.
   * @throws Error if the robot cannot do this instruction
   */
  reset(start: EpisodeStart): Promise<void>;
  /** What is seen now. */
  observe(): Promise<Observation>;
  /**
   * Sends joint targets and lets one control period pass: simulated time, or a real arm's wait for its next tick.
   * @param targets order and units of `joints`; values beyond a joint's range are clamped to it
   * @throws TypeError if the number of targets is wrong or one is not finite; the robot then stays as it was
   */
  act(targets: ArrayLike<number>): Promise<void>;
  /** Stops at once: the present position becomes the goal. No control period passes. */
  hold(): Promise<void>;
  /** What motors and clock report now. */
  health(): Promise<Health>;
  /**
   * Ends the connection. With "off", the default, a real arm goes to rest and then lets its torque go; with "hold" it keeps torque and
   * position, for an end that nobody expected.
   */
  close(torque?: "off" | "hold"): Promise<void>;
}

/** @throws TypeError unless `targets` holds one finite number for each joint; it names the wrong one */
export function checkTargets(targets: ArrayLike<number>, joints: readonly Joint[]): void {
  if (targets.length !== joints.length)
    throw new TypeError(
      `Expected ${joints.length} joint targets (${joints.map(({ name }) => name).join(", ")}), got ${targets.length}`,
    );
  for (const [i, { name }] of joints.entries())
    if (!Number.isFinite(targets[i])) throw new TypeError(`Expected a finite target for ${name}, got ${targets[i]}`);
}
