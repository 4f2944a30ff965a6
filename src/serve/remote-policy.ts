// The policy behind a URL: an openpi server's, or pistar's.
import type { ActionChunk, PolicyInfo, PolicyRequest } from "../robot/index.ts";
import { type ClientOptions, connectClient, type PolicyClient } from "./client.ts";
import { describe, isFloats, layouts, type ObservationLayout } from "./layout.ts";
import { leftoverKeys, packLeftover } from "./leftover.ts";
import { announcedInfo, announcedLayout, promptsKey, seedKey, speaksRoboArena } from "./metadata.ts";
import type { NdArray } from "./ndarray.ts";
import { isDict, type Message, type Value } from "./pack.ts";
import { packObservation } from "./pack-observation.ts";
import type { ServablePolicy } from "./policy-layout.ts";

export interface RemotePolicyOptions extends ClientOptions {
  /** The server's keys: one of `layouts`, or your own. Default: the server's announced layout, else `layouts.so101`. */
  readonly layout?: ObservationLayout;
}

/**
 * Connects to the policy behind a URL; the URL is its id. `infer` throws `NoAnswerError` if no answer comes in time,
 * the server is gone or it reports an error. Call it again afterwards: it drops late answers. Other errors mean a
 * mismatch of robot, layout and server.
 */
export async function connectPolicy(url: string, options: RemotePolicyOptions = {}): Promise<ServablePolicy> {
  const { layout, ...connection } = options;
  const client = await connectClient(url, connection);
  try {
    return new RemotePolicy(url, layout ?? layoutOf(client.metadata, url), client);
  } catch (error) {
    await client.close();
    throw error;
  }
}

function layoutOf(metadata: Message, url: string): ObservationLayout {
  return announcedLayout(metadata, url) ?? (speaksRoboArena(metadata) ? layouts.roboarena : layouts.so101);
}

class RemotePolicy implements ServablePolicy {
  readonly id: string;
  readonly observationLayout: ObservationLayout;
  private readonly client: PolicyClient;
  /** Present if the server takes several instructions in one request. */
  readonly inferPrompts?: NonNullable<ServablePolicy["inferPrompts"]>;
  private episode = 0;
  private question = 0;

  constructor(url: string, layout: ObservationLayout, client: PolicyClient) {
    this.id = url;
    this.observationLayout = layout;
    this.client = client;
    if (client.metadata[promptsKey] === true)
      this.inferPrompts = async (request, tasks) => {
        const answer = await this.client.call({ ...this.questionOf(request), [promptsKey]: tasks });
        return actionChunks(answer, tasks.length, this.observationLayout.actions);
      };
  }

  get info(): PolicyInfo | undefined {
    return announcedInfo(this.client.metadata);
  }

  get continues(): boolean {
    return this.client.metadata[leftoverKeys.actions] === true;
  }

  private get roboArena(): boolean {
    return this.observationLayout.dialect === "roboarena";
  }

  /** RoboArena's servers are told. openpi's protocol has no reset: the seed alone marks a new episode. */
  async reset(seed: number): Promise<void> {
    this.episode = seed;
    this.question = 0;
    if (this.roboArena) await this.client.call({ endpoint: "reset", ...this.session });
  }

  /** RoboArena's keys beside an observation's own. */
  private get session(): Message {
    return this.client.metadata.needs_session_id === true ? { session_id: `pistar-${this.episode}` } : {};
  }

  async infer(request: PolicyRequest): Promise<ActionChunk> {
    return actionChunk(await this.client.call(this.questionOf(request)), this.observationLayout.actions);
  }

  private questionOf(request: PolicyRequest): Message {
    const { leftover, seed } = request;
    const seeded = this.client.metadata[seedKey] === true;
    return {
      ...packObservation(this.observationLayout, request),
      ...(this.roboArena && { endpoint: "infer", ...this.session }),
      ...(seeded && { [seedKey]: seed ?? [this.episode, this.question++] }),
      ...(leftover && this.continues && packLeftover(this.observationLayout, leftover)),
    };
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** The actions of an answer, [horizon, width] of any float dtype: in openpi's dict, or bare as RoboArena has them. */
function actionChunk(answer: Value, width: number): ActionChunk {
  const actions = isDict(answer) ? answer.actions : answer;
  if (!isFloats(actions) || actions.shape.length !== 2 || actions.shape[0] === 0 || actions.shape[1] !== width)
    throw new TypeError(`Expected the server's "actions" as floats [horizon, ${width}], got ${describe(actions)}`);
  return { actions: finiteNumbers(actions), horizon: actions.shape[0]! };
}

/** The actions of an answer to several instructions, [instructions, horizon, width]. */
function actionChunks(answer: Value, count: number, width: number): ActionChunk[] {
  const actions = isDict(answer) ? answer.actions : answer;
  const [chunks, horizon = 0, of] = isFloats(actions) ? actions.shape : [];
  if (!isFloats(actions) || actions.shape.length !== 3 || chunks !== count || horizon === 0 || of !== width)
    throw new TypeError(
      `Expected the server's "actions" as floats [${count}, horizon, ${width}] for ${count} prompts, got ${describe(actions)}`,
    );
  const numbers = finiteNumbers(actions);
  const size = horizon * width;
  return Array.from({ length: count }, (_, i) => ({ actions: numbers.slice(i * size, (i + 1) * size), horizon }));
}

function finiteNumbers({ data }: NdArray): Float32Array {
  const numbers = Float32Array.from(data as Float32Array | Float64Array);
  if (!numbers.every(Number.isFinite))
    throw new TypeError(`Expected finite actions from the server, got ${numbers.find((x) => !Number.isFinite(x))}`);
  return numbers;
}
