// Who acts: the policy, nobody, or whoever watches it. A person with a take-over key and a script that watches like one are both an Operator.

/** "autonomous": the driver acts. "paused": the robot holds still. "correcting": the operator acts. */
export type Control = "autonomous" | "paused" | "correcting";

/**
 * What an operator decides at a control period: nothing new, who acts from now on, or that the episode ends and how. A discarded episode is
 * not recorded.
 */
export type Decision = "continue" | "pause" | "correct" | "hand back" | "success" | "failure" | "discard";

/** A control period that is about to pass. */
export interface Tick {
  /** Control periods since the episode began. */
  readonly step: number;
  readonly seconds: number;
  readonly control: Control;
  /** Whether the driver had nothing usable to do in the period before, so that the robot held still. */
  readonly held: boolean;
}

/** Watches an episode, takes over, corrects, hands back, and may say how it ended. */
export interface Operator {
  /** What a dataset calls who acted in corrections: "human", or a script's name. */
  readonly id: string;
  /** An episode begins; the seed decides what is random in the operator. */
  reset(seed: number): void;
  /** Called before every control period. */
  decide(tick: Tick): Decision;
  /** While correcting: joint targets for this period, in the robot's units, or undefined to hold still. */
  targets(tick: Tick): ArrayLike<number> | undefined;
  /** The episode has ended. */
  release(): void;
}
