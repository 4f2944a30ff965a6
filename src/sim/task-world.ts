// The world of a task.
import type { Task } from "./task.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

/** Options of a task's world. */
export interface TaskWorldOptions extends WorldOptions {
  /** From 0 to 1: see `Task.arrange`. */
  readonly difficulty?: number;
}

/** A world in which every reset begins an episode of `task`. */
export async function createTaskWorld(
  task: Task,
  { difficulty = 1, ...options }: TaskWorldOptions = {},
): Promise<World> {
  if (!(difficulty >= 0 && difficulty <= 1))
    throw new RangeError(`Expected a difficulty from 0 to 1, got ${difficulty}`);
  return createWorld(
    {
      scene: task.scene,
      arrange(physics, random, instruction) {
        if (instruction !== undefined && !task.instructions.includes(instruction))
          throw new Error(
            `Expected an instruction of ${task.name} (${task.instructions.join("; ")}), got "${instruction}"`,
          );
        return task.arrange(physics, random, difficulty, instruction);
      },
    },
    options,
  );
}
