// The batcher: requests that arrive during the policy's work, or in one turn of the event loop, are answered together.
import type { ActionChunk, Policy, PolicyRequest } from "../robot/index.ts";
import { inferAll } from "./infer-all.ts";

export interface Answer {
  readonly chunk: ActionChunk;
  /** Milliseconds from the request to the start of its batch, and milliseconds of the policy for the batch. */
  readonly waited: number;
  readonly inferred: number;
}

interface Pending {
  readonly request: PolicyRequest;
  /** False once nobody wants the answer any more. */
  readonly wanted: () => boolean;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks a policy in batches of at most `maxBatch`, one batch at a time, first come first served. The queue is as long as there are askers. */
export class Batcher {
  policy: Policy;
  private readonly width: number;
  private readonly maxBatch: number;
  private readonly onBatch: (size: number) => void;
  private readonly queue: Pending[] = [];
  private running: Promise<void> | undefined;
  private batch: Promise<void> = Promise.resolve();

  /** @param width numbers of one action */
  constructor(policy: Policy, width: number, maxBatch: number, onBatch: (size: number) => void) {
    this.policy = policy;
    this.width = width;
    this.maxBatch = maxBatch;
    this.onBatch = onBatch;
  }

  infer(request: PolicyRequest, wanted: () => boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ request, wanted, since: performance.now(), resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Another policy from the next batch on; closes the one before as soon as it is idle. */
  async replace(policy: Policy): Promise<void> {
    const before = this.policy;
    this.policy = policy;
    await this.batch; // the last user of `before`
    await before.close();
  }

  private async run(): Promise<void> {
    await new Promise(setImmediate);
    while (this.queue.length > 0) {
      const all = this.queue.splice(0, this.maxBatch);
      const batch = all.filter(({ wanted }) => wanted());
      for (const pending of all) if (!batch.includes(pending)) pending.reject(new Error("Nobody wants the answer"));
      this.batch = this.answer(this.policy, batch);
      await this.batch;
    }
    this.running = undefined;
  }

  /** Settles every request of the batch; never rejects. */
  private async answer(policy: Policy, batch: readonly Pending[]): Promise<void> {
    if (batch.length === 0) return;
    const start = performance.now();
    try {
      const chunks = await inferAll(
        policy,
        batch.map(({ request }) => request),
        this.width,
      );
      const inferred = performance.now() - start;
      this.onBatch(batch.length);
      for (const [i, { resolve, since }] of batch.entries())
        resolve({ chunk: chunks[i]!, waited: start - since, inferred });
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else for (const pending of batch) await this.answer(policy, [pending]);
    }
  }
}
