// A driver acts in an episode while nobody has taken over: a policy, or a demonstrator.
import type { Joint, Observation } from "./robot.ts";

/** A fault of a driver or an operator. The robot held still instead. */
export interface Trouble {
  /** The control period, counted from the beginning of the episode. */
  readonly step: number;
  readonly kind: "error" | "wrong shape" | "not finite" | "late";
  readonly message: string;
}

/** A control period, as a driver sees it. */
export interface ControlPeriod {
  readonly step: number;
  /** The observation of this period. A second call gives the same one. */
  observe(): Promise<Observation>;
  report(kind: Trouble["kind"], message: string): void;
}

export interface Driver {
  /** Name of the actor in datasets. */
  readonly id: string;
  /** Begins an episode, after the robot's reset. The seed decides everything random in the driver. */
  reset(seed: number): Promise<void>;
  /** Joint targets for this control period. Undefined means that the robot holds still. */
  next(period: ControlPeriod): Promise<ArrayLike<number> | undefined>;
  /** Drops what was planned: someone else acts from here on, or the episode has ended. */
  interrupt(): void;
  /** What it says that it does now, if it says such. */
  readonly subtask?: string | undefined;
  /** Whether it has done all it can. That ends the episode. */
  readonly finished: boolean;
}

/** Why these targets cannot be sent to the robot. Undefined if they can. */
export function faultOf(
  targets: ArrayLike<number>,
  joints: readonly Joint[],
): readonly [Trouble["kind"], string] | undefined {
  if (targets.length !== joints.length)
    return ["wrong shape", `Expected ${joints.length} joint targets, got ${targets.length}`];
  const at = joints.findIndex((_, i) => !Number.isFinite(targets[i]));
  return at < 0 ? undefined : ["not finite", `Expected a finite target for ${joints[at]!.name}, got ${targets[at]}`];
}
