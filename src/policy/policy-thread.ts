// A policy that loads, compiles, reads prompts and computes in a thread of its own, so that whoever asks it stays free for others.
import type { ServablePolicy } from "../serve/index.ts";
import { WorkerThread } from "../system/index.ts";
import type { OpenPolicyOptions } from "./open-policy.ts";
import type { PolicyWork } from "./policy-worker.ts";

/** Seconds that a policy has to close before its thread is ended. */
const farewell = 5;

/**
 * `openPolicy` in a thread of its own. The policy gives the same actions there.
 * @throws what `openPolicy` throws
 */
export async function openPolicyInThread(spec: string, options: OpenPolicyOptions = {}): Promise<ServablePolicy> {
  const input = { spec, options };
  const thread = new WorkerThread<PolicyWork>(import.meta.url, "./policy-worker", {
    name: "The policy's thread",
    input,
  });
  try {
    const { id, info, observationLayout, continues, largestBatch, batches } = await thread.ask(
      "describe",
      undefined as never,
    );
    return {
      id,
      info,
      continues,
      ...(observationLayout && { observationLayout }),
      ...(largestBatch !== undefined && { largestBatch }),
      reset: (seed) => thread.ask("reset", seed),
      infer: (request) => thread.ask("infer", request),
      ...(batches && { inferBatch: (requests) => thread.ask("inferBatch", requests) }),
      close: () => thread.close(farewell),
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}
