// Warm-up: a policy answers before clients may ask. No client waits for its compilation or meets a broken policy.
import type { Policy, PolicyRequest } from "../robot/index.ts";
import { inferAll } from "./infer-all.ts";
import { type ObservationLayout, stateSize } from "./layout.ts";

/** A probe: black images, a state of zeros, no instruction. */
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
 * Lets a policy answer probes at every batch size up to `maxBatch`, for new chunks and, if it can, for continued ones.
 * @throws Error if an answer has a wrong shape or impossible numbers
 */
export async function warmUp(policy: Policy, layout: ObservationLayout, maxBatch: number): Promise<void> {
  const anew = probeFor(layout);
  const continuing = { ...anew, leftover: { actions: new Float32Array(layout.actions), delay: 0 } };
  const largest = policy.inferBatch ? Math.min(maxBatch, policy.largestBatch ?? maxBatch) : 1;
  for (let size = 1; size < 2 * largest; size *= 2)
    for (const one of policy.continues ? [anew, continuing] : [anew])
      await inferAll(policy, new Array<PolicyRequest>(size).fill(one), layout.actions);
}
