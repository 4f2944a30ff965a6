// All tasks.
import { PistarError } from "../../system/index.ts";
import type { Task } from "../task.ts";
import { cubeInBowl } from "./cube-in-bowl.ts";
import { pegInHole } from "./peg-in-hole.ts";
import { pushToTarget } from "./push-to-target.ts";
import { stackCubes } from "./stack-cubes.ts";

export const tasks: readonly Task[] = [cubeInBowl, stackCubes, pushToTarget, pegInHole];

/**
 * The task called `name`.
 * @throws Error listing the tasks
 */
export function taskNamed(name: string): Task {
  const task = tasks.find((candidate) => candidate.name === name);
  if (!task)
    throw new PistarError(
      "bad-option",
      `Expected a task, one of ${tasks.map(({ name }) => name).join(", ")}; got "${name}"`,
    );
  return task;
}

/**
 * The spread of a task's objects: the asked one, or the task's own.
 * @throws Error for an unknown task
 */
export const difficultyOf = (task: string, asked?: number): number => asked ?? taskNamed(task).difficulty;
