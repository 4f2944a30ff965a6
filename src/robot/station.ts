// A station is a robot ready for episodes, with its operator. Rollouts are given a way to open stations. They never know whether the robot is
// simulated.
import type { Driver } from "./driver.ts";
import type { Operator } from "./operator.ts";
import type { Robot } from "./robot.ts";

/** The kind of episodes that a station is for. */
export interface EpisodeSetting {
  readonly task: string;
  /** How far objects are spread, 0 to 1. */
  readonly difficulty: number;
  /** Whether light and colours vary with the seed. */
  readonly randomise: boolean;
}

/** A simulation that can save a moment of an episode and continue there exactly, as often as one likes. */
export interface Rewindable<Moment = unknown> {
  /** The present moment: the robot, its surroundings, and what the judge has seen so far. Plain data, for any station of the same setting. */
  saveMoment(): Moment;
  /** Continues at a saved moment. A supervisor begins to watch there. */
  restoreMoment(moment: Moment): void;
}

export interface Station {
  readonly robot: Robot;
  /** Watches and judges; takes over if the station was opened supervised. */
  readonly operator: Operator;
  /** Does the task as a person would. Absent if no script can. */
  readonly demonstrator?: Driver;
  /** Seconds after which an episode without success is a failure. */
  readonly timeLimit: number;
  /** Saves and restores moments. Absent for a real robot. */
  readonly moments?: Rewindable;
  /** Closes the robot too, as its `close` says. */
  close(torque?: "off" | "hold"): Promise<void>;
}

export interface Stations {
  /**
   * Present if there is one such robot, with a person beside it. Its episodes run one after the other in the calling thread, and `open` gives
   * the same station until it is closed as often as it was opened. This tells what its datasets look like, without opening it.
   */
  readonly only?: () => Pick<Robot, "type" | "unit" | "joints" | "cameras" | "fps">;
  /**
   * Completes a setting by the task's usual difficulty.
   * @throws Error if the task is unknown; it lists the known ones
   */
  setting(
    asked: Pick<EpisodeSetting, "task" | "randomise"> & { readonly difficulty?: number | undefined },
  ): EpisodeSetting;
  /** @param supervised whether the operator takes over where the driver goes wrong */
  open(setting: EpisodeSetting, supervised: boolean): Promise<Station>;
}
