// A policy in a thread of its own: the thread's side of `openPolicyInThread`.
import type { PolicyRequest } from "../robot/index.ts";
import { serveWorker } from "../system/index.ts";
import { type OpenPolicyOptions, openPolicy } from "./open-policy.ts";

const work = async ({ spec, options }: { readonly spec: string; readonly options: OpenPolicyOptions }) => {
  const policy = await openPolicy(spec, options);
  const { id, info, observationLayout, continues = false, largestBatch } = policy;
  return {
    describe: () => ({
      id,
      info,
      observationLayout,
      continues,
      largestBatch,
      batches: policy.inferBatch !== undefined,
    }),
    reset: (seed: number) => policy.reset(seed),
    infer: (request: PolicyRequest) => policy.infer(request),
    inferBatch: (requests: readonly PolicyRequest[]) => policy.inferBatch!(requests),
    close: () => policy.close(),
  };
};
export type PolicyWork = typeof work;

serveWorker(work);
