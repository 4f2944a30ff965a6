// Replaying a recorded episode in simulation: its actions from where it began. The same outcome says that simulation, task and recording
// still fit together.
import type { Dataset } from "../data/index.ts";
import { createTaskWorld, Judge, taskNamed, type World } from "../sim/index.ts";
import { beginningOf } from "./collect.ts";

export interface Replay {
  readonly episode: number;
  readonly task: string;
  readonly seed: number;
  readonly recorded: "success" | "failure";
  readonly replayed: "success" | "failure";
  /** Largest distance of a joint between recording and replay, in the robot's units: 0 where the simulation is the same. */
  readonly deviation: number;
}

/**
 * Replays episode `index` of a collected dataset. `onFrame` is called before each action and once at the end, and may look at the world. Fails
 * where the episode does not say where it began.
 */
export async function replayEpisode(
  dataset: Dataset,
  index: number,
  onFrame: (world: World) => void | Promise<void> = () => {},
): Promise<Replay> {
  const episode = dataset.episodes[index];
  if (!episode)
    throw new RangeError(`${dataset.root}: expected an episode from 0 to ${dataset.episodes.length - 1}, got ${index}`);
  const beginning = beginningOf(episode);
  if (!beginning)
    throw new Error(
      `${dataset.root}, episode ${index}: expected episode_task, episode_seed, episode_difficulty and episode_randomise, as \`pistar collect\` records them; it was not recorded in simulation`,
    );
  const columns = await dataset.columns(index, ["action", "observation.state"]);
  const [actions, states] = ["action", "observation.state"].map((name) => columns.get(name)!.data as Float32Array);
  const task = taskNamed(beginning.task);
  const { difficulty, randomise } = beginning;
  const world = await createTaskWorld(task, { difficulty, randomise, fps: dataset.fps, cameras: [] });
  try {
    await world.reset(beginning.seed);
    const judge = new Judge(task, world);
    const width = world.joints.length;
    let deviation = 0;
    let success = false;
    for (let step = 0; step < episode.length && !success; step++) {
      await onFrame(world);
      const { state } = await world.observe();
      for (const [i, position] of state.entries())
        deviation = Math.max(deviation, Math.abs(position - states![step * width + i]!));
      await world.act(actions!.subarray(step * width, (step + 1) * width));
      success = judge.update();
    }
    await onFrame(world);
    const recorded = episode.extra.episode_success === "success" ? "success" : "failure";
    const { seed } = beginning;
    return { episode: index, task: task.name, seed, recorded, replayed: success ? "success" : "failure", deviation };
  } finally {
    await world.close();
  }
}
