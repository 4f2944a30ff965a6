// How a trained policy samples its actions, and where it computes.
import type { AdvantageIndicator } from "../model/index.ts";
import type { Device } from "../tensor/index.ts";

/** How a trained policy samples its actions. The policy decides what is left open. */
export interface InferenceOptions {
  /** Euler steps from noise to actions; π0.6 takes 5. */
  readonly denoisingSteps?: number | undefined;
  /** β of classifier-free guidance; 1 is none. */
  readonly guidance?: number | undefined;
  /** What the prompt says about the advantage. Default: "positive" if the policy was trained with advantages, else nothing. */
  readonly advantageIndicator?: AdvantageIndicator | "none" | undefined;
}

/** Where a trained policy computes. */
export interface ComputeOptions {
  /** Default "cpu". */
  readonly device?: Device | undefined;
  /** Threads of the CPU; default: one for each core. */
  readonly threads?: number | undefined;
}
