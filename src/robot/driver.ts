// What acts in an episode while nobody has taken over: a policy (policy-driver.ts) or a demonstrator (demonstrator.ts).
import type { Joint, Observation } from "./robot.ts";

/** Something that kept a driver or an operator from acting as it should; the robot held still instead. */
export interface Trouble {
  /** The control period, counted from the episode's beginning. */
  readonly step: number;
  readonly kind: "error" | "wrong shape" | "not finite" | "late";
  readonly message: string;
}

/** A control period as a driver sees it. */
export interface Moment {
  readonly step: number;
  /** What is seen now; asking again in the same period gives the same. */
  observe(): Promise<Observation>;
  report(kind: Trouble["kind"], message: string): void;
}

export interface Driver {
  /** What a dataset calls who acted. */
  readonly id: string;
  /** An episode begins, after the robot's reset. The seed decides everything that is random in the driver. */
  reset(seed: number): Promise<void>;
  /** Joint targets for this control period, or undefined where it has none: the robot then holds still. */
  next(moment: Moment): Promise<ArrayLike<number> | undefined>;
  /** Someone else acts from here on, or the episode has ended: what was planned no longer holds. */
  interrupt(): void;
  /** Whether it has done all it can, which ends the episode. */
  readonly finished: boolean;
}

/** Why these targets cannot be sent to the robot, or undefined if they can. */
export function faultOf(
  targets: ArrayLike<number>,
  joints: readonly Joint[],
): readonly [Trouble["kind"], string] | undefined {
  if (targets.length !== joints.length)
    return ["wrong shape", `Expected ${joints.length} joint targets, got ${targets.length}`];
  const at = joints.findIndex((_, i) => !Number.isFinite(targets[i]));
  return at < 0 ? undefined : ["not finite", `Expected a finite target for ${joints[at]!.name}, got ${targets[at]}`];
}
