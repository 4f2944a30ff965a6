// One demonstration from start to verdict, without cameras or recording.
import { Arm, Judge, type Style, type Task, type World } from "../../src/sim/index.ts";
import { random as seeded } from "../../src/system/index.ts";

export async function demonstration(
  task: Task,
  world: World,
  seed: number,
  style: Style,
): Promise<{ readonly success: boolean; readonly seconds: number }> {
  await world.reset({ seed });
  const judge = new Judge(task, world);
  const random = seeded(seed).split("demonstration");
  const arm = new Arm(world, style, random);
  try {
    let periods = 0;
    for (const targets of task.demonstrate({ world, arm, instruction: world.instruction, style, random })) {
      await world.act(targets);
      periods++;
      if (judge.update()) return { success: true, seconds: periods / world.fps };
      if (periods >= task.timeLimit * world.fps) break;
    }
    return { success: false, seconds: periods / world.fps };
  } finally {
    arm.close();
  }
}

/** How many of the seeds from 0 on end in success. */
export async function successes(
  task: Task,
  world: World,
  seeds: number,
  styleOf: (seed: number) => Style,
): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < seeds; seed++) if ((await demonstration(task, world, seed, styleOf(seed))).success) count++;
  return count;
}
