// The columns of a LeRobot dataset that a rollout records in each control period.
import type { Feature, FrameValues } from "../data/index.ts";
import { recordingFeatures } from "../data/index.ts";
import type { Observation, Robot } from "../robot/index.ts";

/** Takes an episode's frames in order: a dataset's writer, or a buffer in a worker. */
export interface FrameSink {
  addFrame(values: FrameValues, task: string): Promise<void>;
}

/** The features of a dataset of this robot's rollouts. Pictures are stored inside the data files. */
export function rolloutFeatures({ joints, cameras }: Pick<Robot, "joints" | "cameras">): Record<string, Feature> {
  const names = joints.map(({ name }) => name);
  const vector = { dtype: "float32", shape: [names.length], names };
  const pictures = cameras.map(({ name, width, height }) => [
    `observation.images.${name}`,
    { dtype: "image", shape: [height, width, 3], names: ["height", "width", "channels"] },
  ]);
  return { "observation.state": vector, action: vector, ...Object.fromEntries(pictures), ...recordingFeatures };
}

/** One control period. */
export interface Frame {
  readonly observation: Observation;
  /** Sent to the robot, [joints]. */
  readonly action: Float32Array;
  /** Who acted. */
  readonly actor: string;
  readonly intervention: boolean;
  /** How the episode ended with this period, or undefined if it went on. */
  readonly end?: "success" | "failure";
}

/**
 * The values of a frame. The reward is −1 a period and 0 for the last of a success. The cost of a failure depends on the longest episode of
 * its task, so it is added when returns are computed.
 */
export function frameValues({ observation, action, actor, intervention, end }: Frame): FrameValues {
  const pictures = Object.entries(observation.images).map(([name, image]) => [`observation.images.${name}`, image]);
  return {
    "observation.state": observation.state,
    action,
    ...Object.fromEntries(pictures),
    "next.reward": end === "success" ? 0 : -1,
    "next.done": end !== undefined,
    "complementary_info.is_intervention": intervention ? 1 : 0,
    "complementary_info.collector_policy_id": actor,
  };
}
