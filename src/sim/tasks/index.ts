// The tasks there are.
import type { Task } from "../task.ts";
import { cubeInBowl } from "./cube-in-bowl.ts";
import { pegInHole } from "./peg-in-hole.ts";
import { pushToTarget } from "./push-to-target.ts";
import { stackCubes } from "./stack-cubes.ts";

export const tasks: readonly Task[] = [cubeInBowl, stackCubes, pushToTarget, pegInHole];

/** The task called `name`. @throws Error that lists the names there are. */
export function taskNamed(name: string): Task {
  const task = tasks.find((candidate) => candidate.name === name);
  if (!task) throw new Error(`Expected a task, one of ${tasks.map(({ name }) => name).join(", ")}; got "${name}"`);
  return task;
}

/** How far a task's objects are spread: as was asked, or as usual. @throws Error as `taskNamed` */
export const difficultyOf = (task: string, asked?: number): number => asked ?? taskNamed(task).difficulty;
