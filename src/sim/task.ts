// A task: its objects, its instructions, its goal, and a script that does it in a person's manner.
import type { Random } from "../system/index.ts";
import type { Arm } from "./arm.ts";
import type { Physics } from "./physics.ts";
import type { SceneParts } from "./scene.ts";
import type { Style } from "./style.ts";
import type { World } from "./world.ts";

/** The bodies of an instruction: move `object` to `goal`. */
export interface Named {
  readonly object: string;
  readonly goal: string;
}

/** A task for the simulated arm. */
export interface Task {
  /** Name in commands, such as "cube-in-bowl". */
  readonly name: string;
  /** One sentence for a list of tasks. */
  readonly description: string;
  readonly scene: SceneParts;
  /** All instructions. */
  readonly instructions: readonly string[];
  /** Seconds after which an episode without success is a failure. */
  readonly timeLimit: number;
  /** Free bodies to move by grasping or pushing. Success does not count if one flies. */
  readonly objects: readonly string[];
  /** Whether the objects are pushed over the table: they are too smooth to lift. */
  readonly pushed?: boolean;
  /** The usual difficulty, see `arrange`. There a policy cloned from a few demonstrations succeeds sometimes. */
  readonly difficulty: number;
  /**
   * Places the objects for a new episode and returns its instruction: the given one, or one drawn from `instructions`. Difficulty goes from
   * 0 (always nearly the same place) to 1 (all of the table that the task allows).
   */
  arrange(physics: Physics, random: Random, difficulty: number, instruction?: string): string;
  /** The bodies of an instruction. */
  named(instruction: string): Named;
  /** Whether the goal is reached now, with everything at rest and released. The judge wants it to hold for a while. */
  reached(physics: Physics, instruction: string): boolean;
  /** Whether the episode is lost: a person would end it as a failure and begin anew. */
  isLost?(physics: Physics): boolean;
  /** Whether the hand is about to lose the episode. A person would see it in time and take over. */
  isAtRisk?(physics: Physics, arm: Arm): boolean;
  /**
   * Does the task in this style, from any moment of an episode: it looks where things are, acts, and looks again. Yields joint targets in the
   * robot's units, one set a control period. It ends when it has done all it can.
   */
  demonstrate(attempt: Attempt): Generator<readonly number[], void, void>;
}

/** Input of a demonstration. */
export interface Attempt {
  readonly world: World;
  readonly arm: Arm;
  readonly instruction: string;
  readonly style: Style;
  readonly random: Random;
}
