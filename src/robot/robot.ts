// What a policy, a demonstrator or a person drives: a simulated arm or a real one. Whoever drives it does not know which.
import type { Image } from "../data/index.ts";

export interface Joint {
  /** As LeRobot names the feature's entry, such as "shoulder_pan.pos". */
  readonly name: string;
  /** Smallest and largest value, in the unit that observations and actions use. */
  readonly range: readonly [number, number];
}

export interface Observation {
  /** By camera name, such as "front"; in a dataset the feature is "observation.images.front". */
  readonly images: Readonly<Record<string, Image>>;
  /** Joint positions in the order of `Robot.joints` and in their units. */
  readonly state: Float32Array;
  /** The instruction. */
  readonly task: string;
}

export interface Robot {
  /** The `robot_type` of its datasets. */
  readonly type: string;
  readonly joints: readonly Joint[];
  /** Names of the cameras. */
  readonly cameras: readonly string[];
  /** Control rate in Hz: one `act` is one period. */
  readonly fps: number;
  /** Starts an episode. In simulation the seed decides everything that is random in it; a real arm goes to its rest pose. */
  reset(seed: number): Promise<void>;
  /** What is seen now. */
  observe(): Promise<Observation>;
  /**
   * Sends joint targets (order and units of `joints`; values beyond the range are clamped to it) and lets one control
   * period pass: simulated time, or a real arm's wait for its next tick. Fails, with the robot as it was, where the number of
   * targets is wrong or one is not a number.
   */
  act(targets: ArrayLike<number>): Promise<void>;
  close(): Promise<void>;
}

/** Fails unless `targets` holds one finite number per joint; says which is wrong. */
export function checkTargets(targets: ArrayLike<number>, joints: readonly Joint[]): void {
  if (targets.length !== joints.length)
    throw new TypeError(
      `Expected ${joints.length} joint targets (${joints.map(({ name }) => name).join(", ")}), got ${targets.length}`,
    );
  for (const [i, { name }] of joints.entries())
    if (!Number.isFinite(targets[i])) throw new TypeError(`Expected a finite target for ${name}, got ${targets[i]}`);
}
