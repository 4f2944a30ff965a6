// What decides the actions of a robot: a trained model, a server, or anything else that looks and answers with a chunk of actions.
import type { Observation } from "./robot.ts";

/** The next `horizon` joint targets, one control period each. */
export interface ActionChunk {
  /** [horizon, joints], order and units of `Robot.joints`. */
  readonly actions: Float32Array;
  readonly horizon: number;
}

/** What is left of the chunk that is being executed when the next one is asked for. */
export interface Leftover {
  /** [steps, joints]: the present chunk from this control period on, order and units of `Robot.joints`. */
  readonly actions: Float32Array;
  /** How many of them will have been executed when the next chunk takes over. */
  readonly delay: number;
}

export interface Policy {
  /** What a dataset calls who acted (`complementary_info.collector_policy_id`): a checkpoint's name, a server's address. */
  readonly id: string;
  /** Begins an episode. The seed decides everything that is random in the policy until the next reset. */
  reset(seed: number): Promise<void>;
  /** Whether its chunks can continue what is left of the one before (real-time chunking); other policies are never given it. */
  readonly continues?: boolean;
  /** What to do from this observation on. */
  infer(observation: Observation, leftover?: Leftover): Promise<ActionChunk>;
  close(): Promise<void>;
}
