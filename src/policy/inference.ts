// How a trained policy samples its actions, and where it computes.
import type { AdvantageIndicator, Schedule } from "../model/index.ts";
import type { Device } from "../tensor/index.ts";

/** How a trained policy samples its actions. The policy decides what is left open. */
export interface InferenceOptions extends ContinuationOptions {
  /** Euler steps from noise to actions; π0.6 takes 5, π0.5 takes 10. */
  readonly denoisingSteps?: number | undefined;
  /** β of classifier-free guidance; 1 is none. */
  readonly guidance?: number | undefined;
  /** What the prompt says about the advantage. Default: "positive" if the policy was trained with advantages, else nothing. */
  readonly advantageIndicator?: AdvantageIndicator | "none" | undefined;
}

/** How a trained policy's chunks continue the one in execution, for `chunking` rtc. The policy decides what is left open. */
export interface ContinuationOptions {
  /** "trained" if the policy has learned it (`simulatedDelay` of its training), else "guided". Default: what the policy can. */
  readonly rtcMode?: "guided" | "trained" | undefined;
  /** β of guided real-time chunking, the largest weight of its correction; default 5. */
  readonly rtcBeta?: number | undefined;
  /** How the weights of guidance decay; default "exponential". */
  readonly rtcSchedule?: Schedule | undefined;
  /** Steps of the old chunk from which on guidance lets go of it; default: all that are left of it. */
  readonly rtcHorizon?: number | undefined;
}

/** Where a trained policy computes. */
export interface ComputeOptions {
  /** Default "cpu". */
  readonly device?: Device | undefined;
  /** Threads of the CPU; default: one for each core. */
  readonly threads?: number | undefined;
}
