// What a server serves: a trained model, or anything else that answers observations with action chunks.
import type { ActionChunk, Leftover, Observation } from "../robot/index.ts";
import type { ObservationLayout } from "./layout.ts";
import type { Message } from "./pack.ts";

export interface PolicyRequest extends Observation {
  /** Decides all that is random in the answer: the episode's seed and the number of the question since its start. */
  readonly seed: readonly [seed: number, step: number];
  /** What the answer is to continue, where the client uses real-time chunking. */
  readonly leftover?: Leftover;
}

export interface ServedPolicy {
  /** What clients are told when they connect; may be {}. */
  readonly metadata: Message;
  /** The keys that clients use. */
  readonly layout: ObservationLayout;
  /** Whether its chunks can continue what is left of others; clients are told, and others' requests have no `leftover`. */
  readonly continues?: boolean;
  /**
   * One chunk for each request, [horizon, layout.actions] each. Requests come from different clients, and pictures may have any size. Where it
   * fails for several requests it is asked for each alone, so that only the client whose request it cannot answer gets the error.
   */
  infer(batch: readonly PolicyRequest[]): Promise<readonly ActionChunk[]>;
  close(): Promise<void>;
}
