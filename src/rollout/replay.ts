// Replaying a recorded episode: the robot repeats its actions from the same beginning. In simulation the same outcome shows that simulation,
// task and recording still fit together.
import type { Dataset } from "../data/index.ts";
import type { Operator, Robot, So101 } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import { beginningOf } from "./collect.ts";
import type { Assignment } from "./fleet/episode-runner.ts";

export interface Replay {
  readonly episode: number;
  readonly task: string;
  readonly seed: number;
  readonly recorded: "success" | "failure";
  readonly replayed: "success" | "failure";
  /** Largest distance of a joint between recording and replay, in the robot's units. 0 in an unchanged simulation. */
  readonly deviation: number;
}

/**
 * The beginning of an episode that `collect` recorded.
 * @throws RangeError if there is no such episode; Error if it does not say how it began
 */
export function assignmentOf(dataset: Dataset, index: number): Assignment {
  const episode = dataset.episodes[index];
  if (!episode)
    throw new PistarError(
      "bad-option",
      `${dataset.root}: expected an episode from 0 to ${dataset.episodes.length - 1}, got ${index}`,
      { path: dataset.root },
    );
  const beginning = beginningOf(episode);
  if (!beginning)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}, episode ${index}: expected episode_task, episode_seed, episode_difficulty and episode_randomise, as \`pistar collect\` records them; it was not recorded in simulation`,
      { path: dataset.root },
    );
  return beginning;
}

/**
 * Repeats the actions of an episode on a real arm, from the pose in which the episode began. Nobody puts the scene back.
 * @returns the largest distance of a joint between recording and replay, in the robot's units
 * @throws PistarError wrong-layout if the dataset has another rate or other joints
 */
export async function replayOnArm(dataset: Dataset, index: number, robot: So101): Promise<number> {
  const names = robot.joints.map(({ name }) => name).join(", ");
  const recorded = dataset.features.get("action")?.names;
  if (dataset.fps !== robot.fps || (Array.isArray(recorded) && recorded.join(", ") !== names))
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: expected ${robot.fps} frames a second and the joints ${names}, got ${dataset.fps} and ${String(recorded)}`,
      { path: dataset.root },
    );
  const columns = await dataset.columns(index, ["action", "observation.state"]);
  const [actions, states] = ["action", "observation.state"].map((name) => columns.get(name)!.data as Float32Array);
  const width = robot.joints.length;
  await robot.moveTo([...states!.subarray(0, width)]);
  let deviation = 0;
  for (let at = 0; at < actions!.length; at += width) {
    const { state } = await robot.observe();
    for (const [i, position] of state.entries()) deviation = Math.max(deviation, Math.abs(position - states![at + i]!));
    await robot.act(actions!.subarray(at, at + width));
  }
  return deviation;
}

/**
 * Replays episode `index` of a collected dataset on a robot of the same setting (`assignmentOf`) and frame rate.
 * @param operator judges
 * @param compareEvery frames from one comparison of the joints to the next; a comparison renders pictures too
 * @param onFrame called before each action, and once at the end with the number of frames
 * @throws as `assignmentOf`
 */
export async function replayEpisode(
  dataset: Dataset,
  index: number,
  {
    robot,
    operator,
    compareEvery = 1,
  }: { readonly robot: Robot; readonly operator: Operator; readonly compareEvery?: number },
  onFrame: (frame: number) => void | Promise<void> = () => {},
): Promise<Replay> {
  const { task, seed } = assignmentOf(dataset, index);
  const { length, extra } = dataset.episodes[index]!;
  const columns = await dataset.columns(index, ["action", "observation.state"]);
  const [actions, states] = ["action", "observation.state"].map((name) => columns.get(name)!.data as Float32Array);
  const width = robot.joints.length;
  await robot.reset({ seed });
  operator.reset(seed);
  let deviation = 0;
  let success = false;
  let step = 0;
  for (; step < length && !success; step++) {
    await onFrame(step);
    if (step % compareEvery === 0)
      for (const [i, position] of (await robot.observe()).state.entries())
        deviation = Math.max(deviation, Math.abs(position - states![step * width + i]!));
    await robot.act(actions!.subarray(step * width, (step + 1) * width));
    success = operator.judge?.() === true;
  }
  await onFrame(step);
  operator.release();
  const recorded = extra.episode_success === "success" ? "success" : "failure";
  return { episode: index, task, seed, recorded, replayed: success ? "success" : "failure", deviation };
}
