// What decides the actions of a robot: a trained model, a server, or anything else that looks and answers with a chunk of actions.
import type { Observation } from "./robot.ts";

/** The next `horizon` joint targets, one control period each. */
export interface ActionChunk {
  /** [horizon, joints], order and units of `Robot.joints`. */
  readonly actions: Float32Array;
  readonly horizon: number;
}

export interface Policy {
  /** What a dataset calls who acted (`complementary_info.collector_policy_id`): a checkpoint's name, a server's address. */
  readonly id: string;
  /** Begins an episode. The seed decides everything that is random in the policy until the next reset. */
  reset(seed: number): Promise<void>;
  /** What to do from this observation on. */
  infer(observation: Observation): Promise<ActionChunk>;
  close(): Promise<void>;
}
