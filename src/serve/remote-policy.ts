// The policy behind a URL: an openpi server's, or pistar's.
import type { ActionChunk, PolicyInfo, PolicyRequest } from "../robot/index.ts";
import { type ClientOptions, connectClient, type PolicyClient } from "./client.ts";
import {
  describe,
  isFloats,
  layouts,
  leftoverKeys,
  type ObservationLayout,
  packLeftover,
  packObservation,
} from "./layout.ts";
import { announcedInfo, announcedLayout, seedKey } from "./metadata.ts";
import type { Message } from "./pack.ts";
import type { ServablePolicy } from "./policy-layout.ts";

export interface RemotePolicyOptions extends ClientOptions {
  /** The server's keys: one of `layouts`, or your own. Default: the layout that the server announces, else `layouts.so101`. */
  readonly layout?: ObservationLayout;
}

/**
 * Connects to the policy behind a URL, which is its id. `infer` throws `NoAnswerError` where no answer comes in time, or the server is gone or
 * reports an error. It can be called again, and drops answers that come too late. Other errors say that robot, layout and server do not fit.
 */
export async function connectPolicy(url: string, options: RemotePolicyOptions = {}): Promise<ServablePolicy> {
  const { layout, ...connection } = options;
  const client = await connectClient(url, connection);
  try {
    return new RemotePolicy(url, layout ?? announcedLayout(client.metadata, url) ?? layouts.so101, client);
  } catch (error) {
    await client.close();
    throw error;
  }
}

class RemotePolicy implements ServablePolicy {
  readonly id: string;
  readonly observationLayout: ObservationLayout;
  private readonly client: PolicyClient;
  private episode = 0;
  private question = 0;

  constructor(url: string, layout: ObservationLayout, client: PolicyClient) {
    this.id = url;
    this.observationLayout = layout;
    this.client = client;
  }

  get info(): PolicyInfo | undefined {
    return announcedInfo(this.client.metadata);
  }

  get continues(): boolean {
    return this.client.metadata[leftoverKeys.actions] === true;
  }

  /** The seed alone tells the server of an episode's beginning: openpi's protocol has no reset. */
  async reset(seed: number): Promise<void> {
    this.episode = seed;
    this.question = 0;
  }

  async infer(request: PolicyRequest): Promise<ActionChunk> {
    const { leftover, seed } = request;
    const seeded = this.client.metadata[seedKey] === true;
    const answer = await this.client.infer({
      ...packObservation(this.observationLayout, request),
      ...(seeded && { [seedKey]: seed ?? [this.episode, this.question++] }),
      ...(leftover && this.continues && packLeftover(this.observationLayout, leftover)),
    });
    return actionChunk(answer, this.observationLayout.actions);
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
