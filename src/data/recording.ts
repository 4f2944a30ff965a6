// The columns a rollout records besides observation and action, under the names LeRobot and Evo-RL use.
import type { Feature } from "./types.ts";

/** Per-frame features of a rollout; spread them into the writer's features. */
export const recordingFeatures = {
  /** Reward of the step, in the units of the rollout's reward. */
  "next.reward": { dtype: "float32", shape: [1], names: null },
  /** Whether the step ended the episode. */
  "next.done": { dtype: "bool", shape: [1], names: null },
  /** 1 if a person acted, 0 if the policy did. */
  "complementary_info.is_intervention": { dtype: "float32", shape: [1], names: null },
  /** The actor: a policy, by its checkpoint's name, "human", or `nobody`. */
  "complementary_info.collector_policy_id": { dtype: "string", shape: [1], names: null },
} as const satisfies Readonly<Record<string, Feature>>;

/** The actor of a robot that holds still without targets: paused for a take-over, or without a usable answer. */
export const nobody = "nobody";

/** From a time on, the robot does this. Null: nobody said what. */
export interface SaidSubtask {
  /** Seconds, as the frames' timestamps. */
  readonly timestamp: number;
  readonly content: string | null;
}

/** The episode-level column `episode_subtasks`: what was said of each moment, in JSON; absent if nothing was. */
export const episodeSubtasks = (said: readonly SaidSubtask[]): { readonly episode_subtasks?: string } =>
  said.some(({ content }) => content !== null) ? { episode_subtasks: JSON.stringify(said) } : {};

/** The episode-level column `episode_success`, as the writer's saveEpisode takes it. */
export function episodeSuccess(success: boolean): { readonly episode_success: "success" | "failure" } {
  return { episode_success: success ? "success" : "failure" };
}
