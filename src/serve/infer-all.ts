// Several clients' requests to one policy, with a check of its answers.
import type { ActionChunk, Policy, PolicyRequest } from "../robot/index.ts";
import { largestAction } from "./limits.ts";

/**
 * A chunk of [horizon, width] actions for each request, in order.
 *
 * A policy without `inferBatch` gets one request at a time. It may keep a state during an episode and is reset before
 * an episode's first request: it serves one client at a time well.
 * @throws Error if an answer has a wrong shape or impossible numbers
 */
export async function inferAll(
  policy: Policy,
  requests: readonly PolicyRequest[],
  width: number,
): Promise<readonly ActionChunk[]> {
  const chunks = await (policy.inferBatch?.(requests) ?? oneByOne(policy, requests));
  if (chunks.length !== requests.length)
    throw new Error(`Expected ${requests.length} action chunks from the policy, got ${chunks.length}`);
  for (const chunk of chunks) checkChunk(chunk, width);
  return chunks;
}

async function oneByOne(policy: Policy, requests: readonly PolicyRequest[]): Promise<ActionChunk[]> {
  const chunks: ActionChunk[] = [];
  for (const request of requests) {
    const [episode, question] = request.seed ?? [0, 0];
    if (question === 0) await policy.reset(episode);
    chunks.push(await policy.infer(request));
  }
  return chunks;
}

function checkChunk({ actions, horizon }: ActionChunk, width: number): void {
  if (!(actions instanceof Float32Array) || !(horizon >= 1) || actions.length !== horizon * width)
    throw new Error(
      `Expected action chunks [${horizon}, ${width}] from the policy, got ${actions?.length} numbers for one`,
    );
  const wrong = actions.find((x) => !(Math.abs(x) <= largestAction));
  if (wrong !== undefined)
    throw new Error(`Expected finite actions up to ${largestAction} from the policy, got ${wrong}`);
}
