// A policy answers before clients may ask it, so that no client waits for its compilation or meets a policy that cannot answer.
import type { Policy, PolicyRequest } from "../robot/index.ts";
import { inferAll } from "./infer-all.ts";
import { type ObservationLayout, stateSize } from "./layout.ts";

/** What a policy is asked to see whether it answers: black pictures, a state of zeros, no instruction. */
export function probeFor(layout: ObservationLayout): PolicyRequest & { readonly seed: readonly [number, number] } {
  return {
    images: Object.fromEntries(Object.keys(layout.images).map((camera) => [camera, black])),
    state: new Float32Array(stateSize(layout)),
    task: "",
    seed: [0, 0],
  };
}

const black = { width: 1, height: 1, data: new Uint8Array(3) };

/**
 * Has a policy answer black pictures and a state of zeros at every batch size up to `maxBatch`, for chunks that begin anew and, where it can,
 * for chunks that continue another.
 * @throws Error where an answer has a wrong shape or numbers that no robot takes
 */
export async function warmUp(policy: Policy, layout: ObservationLayout, maxBatch: number): Promise<void> {
  const anew = probeFor(layout);
  const continuing = { ...anew, leftover: { actions: new Float32Array(layout.actions), delay: 0 } };
  const largest = policy.inferBatch ? Math.min(maxBatch, policy.largestBatch ?? maxBatch) : 1;
  for (let size = 1; size < 2 * largest; size *= 2)
    for (const one of policy.continues ? [anew, continuing] : [anew])
      await inferAll(policy, new Array<PolicyRequest>(size).fill(one), layout.actions);
}
