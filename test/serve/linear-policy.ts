// A small policy to serve: each action is a linear map of the state, brighter with the first image and later in the
// chunk.
import { setTimeout as sleep } from "node:timers/promises";
import type { ActionChunk, Observation, PolicyRequest } from "../../src/robot/index.ts";
import { layouts, type ObservationLayout, type ServablePolicy } from "../../src/serve/index.ts";

export interface LinearPolicyOptions {
  readonly layout?: ObservationLayout;
  readonly horizon?: number;
  readonly gain?: number;
  readonly id?: string;
  readonly continues?: boolean;
  /** Called before a batch of clients is answered; may wait, or throw. It does not see the server's own questions at the start. */
  readonly before?: (batch: readonly PolicyRequest[]) => Promise<void> | void;
}

/** action[h, j] = gain · state[j] + mean of the first picture + h. */
function act(observation: Observation, width: number, horizon: number, gain: number): ActionChunk {
  const { data } = Object.values(observation.images)[0]!;
  const brightness = data.reduce((sum, value) => sum + value, 0) / data.length;
  const actions = new Float32Array(horizon * width);
  for (let h = 0; h < horizon; h++)
    for (let j = 0; j < width; j++) actions[h * width + j] = gain * (observation.state[j] ?? 0) + brightness + h;
  return { actions, horizon };
}

export function linearPolicy(options: LinearPolicyOptions = {}): ServablePolicy & { readonly closed: () => boolean } {
  const { layout = layouts.so101, horizon = 3, gain = 2, id = "linear", continues = false, before } = options;
  let closed = false;
  const inferBatch = async (batch: readonly PolicyRequest[]): Promise<ActionChunk[]> => {
    if (closed) throw new Error("Expected an open policy, got one that was closed");
    if (batch[0]!.task !== "") await before?.(batch);
    return batch.map((request) => act(request, layout.actions, horizon, gain));
  };
  return {
    id,
    observationLayout: layout,
    continues,
    async reset() {},
    infer: async (request) => (await inferBatch([request]))[0]!,
    inferBatch,
    async close() {
      closed = true;
    },
    closed: () => closed,
  };
}

/** A gate that holds whoever waits at it until it is opened. */
export function gate() {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** Waits until something is so, five seconds at most. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(5);
  if (!condition()) throw new Error(`Expected ${condition} to become true within five seconds`);
}
