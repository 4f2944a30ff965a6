// A policy that lives behind a URL: any openpi server's, or ours.
import type { ActionChunk, Leftover, Observation, Policy } from "../robot/index.ts";
import { type ClientOptions, connectClient, type PolicyClient } from "./client.ts";
import { describe, isFloats, leftoverKeys, type ObservationLayout, packLeftover, packObservation } from "./layout.ts";
import type { Message } from "./pack.ts";

export interface RemotePolicyOptions extends ClientOptions {
  /** Where the server wants what: one of `layouts`, or your own. */
  readonly layout: ObservationLayout;
}

/**
 * In a server's metadata, `[seedKey]: true` says that it takes from an observation `[seedKey]: [seed, step]`, all that is random in its answer.
 * openpi's own servers say nothing of it, and are sent nothing.
 */
export const seedKey = "pistar/seed";

/**
 * The policy behind a URL; its id is the URL. `infer` throws `NoAnswerError` where there is no answer in time, the server is gone or reports an
 * error, and can be called again; it drops answers that come too late. Other errors say that robot, layout and server do not fit together.
 */
export async function connectPolicy(url: string, { layout, ...options }: RemotePolicyOptions): Promise<Policy> {
  return new RemotePolicy(url, layout, await connectClient(url, options));
}

class RemotePolicy implements Policy {
  readonly id: string;
  private readonly layout: ObservationLayout;
  private readonly client: PolicyClient;
  private seed = 0;
  private step = 0;

  constructor(url: string, layout: ObservationLayout, client: PolicyClient) {
    this.id = url;
    this.layout = layout;
    this.client = client;
  }

  /** The protocol has no reset: what follows is told apart by its seed alone. */
  async reset(seed: number): Promise<void> {
    this.seed = seed;
    this.step = 0;
  }

  get continues(): boolean {
    return this.client.metadata[leftoverKeys.actions] === true;
  }

  async infer(observation: Observation, leftover?: Leftover): Promise<ActionChunk> {
    const seeded = this.client.metadata[seedKey] === true;
    const answer = await this.client.infer({
      ...packObservation(this.layout, observation),
      ...(seeded && { [seedKey]: [this.seed, this.step++] }),
      ...(leftover && this.continues && packLeftover(this.layout, leftover)),
    });
    return actionChunk(answer, this.layout.actions);
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** The actions of an answer, [horizon, width] of any float dtype. */
function actionChunk({ actions }: Message, width: number): ActionChunk {
  if (!isFloats(actions) || actions.shape.length !== 2 || actions.shape[0] === 0 || actions.shape[1] !== width)
    throw new TypeError(`Expected the server's "actions" as floats [horizon, ${width}], got ${describe(actions)}`);
  const numbers = Float32Array.from(actions.data as Float32Array | Float64Array);
  if (!numbers.every(Number.isFinite))
    throw new TypeError(`Expected finite actions from the server, got ${numbers.find((x) => !Number.isFinite(x))}`);
  return { actions: numbers, horizon: actions.shape[0]! };
}
