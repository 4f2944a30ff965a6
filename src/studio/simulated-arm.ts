// The simulated arm of the studio: a task's world in real time, a hand that a person moves, and pictures for people.
import type { Image } from "../data/index.ts";
import type { EpisodeSetting, Operator, Stations } from "../robot/index.ts";
import { createTaskWorld, Demonstrator, Hand, judging, stations, taskNamed, type World } from "../sim/index.ts";

/** Pictures for people, apart from the policy's. The first camera stands still; a person drags the hand in its picture. */
const views = [
  { name: "front", width: 400, height: 300 },
  { name: "wrist", width: 240, height: 180 },
] as const;

export interface SimulatedArm {
  readonly world: World;
  readonly hand: Hand;
  /** Judges by the task's goal. */
  readonly judge: Operator;
  readonly views: typeof views;
  /** What a camera sees now. */
  look(view: number): Image;
  /** The arm as a station of rollouts, which it stays open for. @param timeLimit seconds */
  stations(operator: Operator, timeLimit: number): Stations;
  close(): Promise<void>;
}

/** @throws Error if the task is unknown; it lists the known ones */
export async function openSimulatedArm({ task: name, difficulty, randomise }: EpisodeSetting): Promise<SimulatedArm> {
  const task = taskNamed(name);
  const world = await createTaskWorld(task, { difficulty, randomise, realTime: true });
  const hand = new Hand(world, views[0].name, views[0].width / views[0].height);
  const demonstrator = new Demonstrator(task, world);
  return {
    world,
    hand,
    judge: judging(task, world),
    views,
    look: (view) => world.look(views[view]!),
    stations: (operator, timeLimit) => ({
      only: () => world,
      setting: stations.setting,
      open: async () => ({ robot: world, operator, demonstrator, timeLimit, close: async () => {} }),
    }),
    async close() {
      hand.close();
      await world.close();
    },
  };
}
