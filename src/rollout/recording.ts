// What a rollout records of each control period, in a LeRobot dataset's columns.
import type { Feature, FrameValues } from "../data/index.ts";
import { recordingFeatures } from "../data/index.ts";
import type { Observation, Robot } from "../robot/index.ts";

/** Takes an episode's frames, in order: a dataset's writer, or what gathers one episode in a worker. */
export interface FrameSink {
  addFrame(values: FrameValues, task: string): Promise<void>;
}

/** The features of a dataset of this robot's rollouts; each camera's pictures are stored inside the data files. */
export function rolloutFeatures(robot: Pick<Robot, "joints">, { images }: Observation): Record<string, Feature> {
  const names = robot.joints.map(({ name }) => name);
  const vector = { dtype: "float32", shape: [names.length], names };
  const cameras = Object.entries(images).map(([name, { width, height }]) => [
    `observation.images.${name}`,
    { dtype: "image", shape: [height, width, 3], names: ["height", "width", "channels"] },
  ]);
  return { "observation.state": vector, action: vector, ...Object.fromEntries(cameras), ...recordingFeatures };
}

/** One control period. */
export interface Frame {
  readonly observation: Observation;
  /** What was sent to the robot. */
  readonly action: Float32Array;
  /** Who acted. */
  readonly actor: string;
  readonly intervention: boolean;
  /** How the episode ended with this period, or undefined if it went on. */
  readonly end?: "success" | "failure";
}

/**
 * The values of a frame. The reward is −1 a period and 0 for the last of a success: what a failure costs beyond its time depends on a task's
 * longest episode, and is settled when returns are computed.
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
