// An operator watches an episode. It may take over, correct, hand back, and judge how the episode ended. A person with keys and a script
// that watches like one are both operators.

/** "autonomous": the driver acts. "paused": the robot holds still. "correcting": the operator acts. */
export type Control = "autonomous" | "paused" | "correcting";

/** An operator's decision at a control period: go on, change who acts, or end the episode. A discarded episode is not recorded. */
export type Decision = "continue" | "pause" | "correct" | "hand back" | "success" | "failure" | "discard";

/** A control period that is about to pass. */
export interface Tick {
  /** Control periods since the episode began. */
  readonly step: number;
  readonly seconds: number;
  readonly control: Control;
  /** Whether the driver gave nothing usable in the period before, so that the robot held still. */
  readonly held: boolean;
}

export interface Operator {
  /** Name of the actor of corrections in datasets: "human", or a script's name. */
  readonly id: string;
  /** What it does now while correcting, in words, if it says such. */
  readonly subtask?: string | undefined;
  /** Begins an episode, after the robot's reset. The seed decides everything random in the operator. */
  reset(seed: number): void;
  /** Called before every control period. */
  decide(tick: Tick): Decision;
  /** While correcting: joint targets for this period in the robot's units. Undefined means that the robot holds still. */
  targets(tick: Tick): ArrayLike<number> | undefined;
  /** Called after every control period: true ends the episode as a success. Left out by an operator that judges by `decide` alone. */
  judge?(): boolean;
  /** Whether the episode that was discarded is to be run once more now. */
  again?(): boolean;
  /** The episode has ended. */
  release(): void;
}
