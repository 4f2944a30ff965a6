// What decides a robot's actions: a trained network, an exported one, a server or a user's module. All of them are a `Policy`.
import type { Observation } from "./robot.ts";
import type { Unit } from "./so101/units.ts";

/** The next `horizon` joint targets, one for each control period. */
export interface ActionChunk {
  /** [horizon, joints], in the order and units of `Robot.joints`. */
  readonly actions: Float32Array;
  readonly horizon: number;
  /** Whether the instruction was cut, because the request allowed it and it was too long. */
  readonly promptTruncated?: boolean;
  /** What the policy says that it does now, if it says such. */
  readonly subtask?: string;
}

/** The rest of the chunk that the robot executes while the next one is computed. */
export interface Leftover {
  /** [steps, joints], the present chunk from this control period on, in the order and units of `Robot.joints`. */
  readonly actions: Float32Array;
  /** How many of these actions the robot will have executed when the next chunk takes over. */
  readonly delay: number;
}

/** An observation, and what else a policy may need to answer it. */
export interface PolicyRequest extends Observation {
  /** What the new chunk has to continue (real-time chunking). Without it the chunk begins anew. */
  readonly leftover?: Leftover;
  /**
   * Decides everything random in the answer: the episode's seed and the number of the question in the episode.
   * Default: the seed of the last `reset` and the number of questions since then. A server sets it, because its clients share one policy.
   */
  readonly seed?: readonly [episode: number, question: number];
  /** The subtask to act by, as said before or by a person. Default: a policy that says subtasks says a new one. */
  readonly subtask?: string;
  /** Cuts an instruction that is longer than the policy's room, instead of refusing it. A server asks so, as openpi does. */
  readonly truncatePrompt?: boolean;
}

/** What a policy was made for. */
export interface PolicyInfo {
  /** `robot_type` of the dataset that it was trained on. */
  readonly robotType: string | null;
  /** Names of an action's numbers, such as "shoulder_pan.pos". */
  readonly joints: readonly string[];
  /** Names of a state's numbers. */
  readonly stateNames: readonly string[];
  /** Unit of an SO-101's body joints; absent if nothing tells. */
  readonly units?: Unit;
  /** Names of the cameras that it looks through. */
  readonly cameras: readonly string[];
  /** Actions per second. */
  readonly fps: number;
  /** Actions of a chunk. */
  readonly horizon: number;
  /** How its actions are sampled; absent if it does not say. */
  readonly inference?: {
    /** Euler steps from noise to actions. */
    readonly denoisingSteps: number;
    /** β of classifier-free guidance; 1 is none. */
    readonly guidance: number;
    /** What its prompt says of the advantage. */
    readonly advantageIndicator: "positive" | "negative" | "none";
  };
}

export interface Policy {
  /** How a dataset names who acted (`complementary_info.collector_policy_id`): a checkpoint's folder, a server's URL. */
  readonly id: string;
  /** Trained policies and pistar's servers say what they were made for; others may leave it out. */
  readonly info?: PolicyInfo | undefined;
  /** Whether its chunks can continue a `leftover`. Other policies are never given one. */
  readonly continues?: boolean;
  /** Begins an episode. The seed decides everything random in the policy until the next reset. */
  reset(seed: number): Promise<void>;
  /** The chunk for one observation. One question at a time. */
  infer(request: PolicyRequest): Promise<ActionChunk>;
  /**
   * The chunks for several observations of different robots, in order. A policy that has it keeps nothing between requests but the default
   * of `seed`.
   */
  inferBatch?(requests: readonly PolicyRequest[]): Promise<ActionChunk[]>;
  /** The most requests that `inferBatch` computes in one pass; default: any number. */
  readonly largestBatch?: number;
  close(): Promise<void>;
}
