// Stations of the simulated SO-101, for rollouts and their worker threads.
import type { EpisodeSetting, Operator, Rewindable, Station, Stations } from "../robot/index.ts";
import { Demonstrator } from "./demonstrator.ts";
import { Judge, type JudgeMoment } from "./judge.ts";
import { Supervisor } from "./supervisor.ts";
import type { Task } from "./task.ts";
import { createTaskWorld } from "./task-world.ts";
import { difficultyOf, taskNamed } from "./tasks/index.ts";
import type { Moment, World } from "./world.ts";

/** Address of this module: rollouts import `stations` from it, in worker threads too. */
export const simulation: string = import.meta.url;

/** Opens a task's world with its judge, its demonstrator and, if supervised, its scripted supervisor. */
export const stations: Stations = {
  setting: ({ task, difficulty, randomise }) => ({ task, difficulty: difficultyOf(task, difficulty), randomise }),

  async open({ task: name, difficulty, randomise }: EpisodeSetting, supervised: boolean): Promise<Station> {
    const task = taskNamed(name);
    const world = await createTaskWorld(task, { difficulty, randomise });
    const supervisor = supervised ? new Supervisor(task, world) : undefined;
    const judge = new Judge(task, world);
    return {
      robot: world,
      operator: judging(task, world, supervisor, judge),
      demonstrator: new Demonstrator(task, world),
      timeLimit: task.timeLimit,
      moments: rewindable(world, judge),
      async close() {
        supervisor?.close();
        await world.close();
      },
    };
  },
};

const rewindable = (
  world: World,
  judge: Judge,
): Rewindable<{ readonly world: Moment; readonly judge: JudgeMoment }> => ({
  saveMoment: () => ({ world: world.saveMoment(), judge: judge.saveMoment() }),
  restoreMoment(moment) {
    world.restoreMoment(moment.world);
    judge.restoreMoment(moment.judge);
  },
});

/** An operator who judges by the task's goal. Without a supervisor it only watches. */
export function judging(task: Task, world: World, supervisor?: Supervisor, judge = new Judge(task, world)): Operator {
  return {
    id: supervisor?.id ?? "judge",
    reset(seed) {
      judge.reset();
      supervisor?.reset(seed);
    },
    decide: (tick) => supervisor?.decide(tick) ?? "continue",
    targets: () => supervisor?.targets(),
    judge: () => judge.update(),
    release: () => supervisor?.release(),
  };
}
