// A task: what stands on the table, what the instruction may say, when it is done, and how a person would do it.
import type { Random } from "../system/index.ts";
import type { Arm } from "./arm.ts";
import type { Physics } from "./physics.ts";
import type { SceneParts } from "./scene.ts";
import type { Style } from "./style.ts";
import type { World } from "./world.ts";

/** What is to be moved, and where to: names of bodies. */
export interface Named {
  readonly object: string;
  readonly goal: string;
}

export interface Task {
  /** As commands take it, such as "cube-in-bowl". */
  readonly name: string;
  /** One sentence for a list of tasks. */
  readonly description: string;
  readonly scene: SceneParts;
  /** Every instruction an episode may be given. */
  readonly instructions: readonly string[];
  /** Seconds after which an episode that has not succeeded is a failure. */
  readonly timeLimit: number;
  /** Free bodies that are to be moved by grasping or pushing: where one flies, success does not count. */
  readonly objects: readonly string[];
  /** Whether they are pushed over the table, too smooth to be lifted. */
  readonly pushed?: boolean;
  /** The usual one, see `arrange`: a policy that is cloned from a few demonstrations succeeds sometimes. */
  readonly difficulty: number;
  /**
   * Places the objects for a new episode and returns its instruction: the given one, or one drawn from `instructions`. Difficulty goes from
   * 0 (always nearly the same place) to 1 (all of the table that the task allows).
   */
  arrange(physics: Physics, random: Random, difficulty: number, instruction?: string): string;
  /** The bodies that an instruction speaks of. */
  named(instruction: string): Named;
  /** Whether the goal is reached at this moment, everything at rest and let go. The judge demands that it holds for a while. */
  reached(physics: Physics, instruction: string): boolean;
  /** Whether a person who watches would rather end the episode as a failure and begin anew than mend what has happened. */
  isLost?(physics: Physics): boolean;
  /** Whether it is about to be lost by what the hand does, as a person who watches sees in time to take over. */
  isAtRisk?(physics: Physics, arm: Arm): boolean;
  /**
   * How a person would do it, in this style, from any moment of an episode on: looks at where things are, acts, looks again. Yields joint
   * targets in the robot's units, one a control period, and ends when it has done all it can.
   */
  demonstrate(attempt: Attempt): Generator<readonly number[], void, void>;
}

/** What a demonstration has to go by. */
export interface Attempt {
  readonly world: World;
  readonly arm: Arm;
  readonly instruction: string;
  readonly style: Style;
  readonly random: Random;
}
