// Batches ahead of time: worker threads put together the next ones while the model trains. The order and the contents come
// from the sampler and the seed alone, so any number of workers gives the same batches.
import type { Worker } from "node:worker_threads";
import { startThread } from "../system/index.ts";
import { type Batch, BatchAssembler, type BatchOptions } from "./batch.ts";
import type { BatchSource } from "./batch-source.ts";
import type { BatchReply, BatchRequest, WorkerInput } from "./batch-worker.ts";
import { Sampler, type SamplerState } from "./sampler.ts";

export interface BatchLoaderOptions extends BatchOptions {
  readonly batchSize: number;
  /** Threads; 0 puts batches together when they are asked for. */
  readonly workers: number;
  /** Goes on where `BatchLoader.state` was taken. */
  readonly state?: SamplerState;
}

/** Batches that a worker holds ready or in the making. */
const batchesPerWorker = 2;

interface Pending {
  readonly id: number;
  /** Of the sampler, before this batch. */
  readonly state: SamplerState;
  readonly batch: Promise<Batch>;
}

interface Waiting {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

export class BatchLoader {
  private readonly sampler: Sampler;
  private readonly batchSize: number;
  private readonly assembler: BatchAssembler;
  private readonly workers: readonly Worker[];
  private readonly queue: Pending[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;
  private failure: Error | undefined;

  constructor(sources: readonly BatchSource[], { batchSize, workers, state, ...options }: BatchLoaderOptions) {
    if (!(Number.isInteger(batchSize) && batchSize >= 1))
      throw new RangeError(`Expected a batch of at least 1 sample, got ${batchSize}`);
    if (!(Number.isInteger(workers) && workers >= 0))
      throw new RangeError(`Expected 0 or more workers, got ${workers}`);
    this.batchSize = batchSize;
    this.sampler = new Sampler(sources, options.seed, state);
    this.assembler = new BatchAssembler(sources, options); // also where there are workers: it checks the options here
    this.workers = Array.from({ length: workers }, () => this.start({ sources, options }));
  }

  /** The next batch. Fails where it cannot be put together, and always once a worker has ended or the loader is closed. */
  async next(): Promise<Batch> {
    if (this.failure) throw this.failure;
    if (this.workers.length === 0) return this.assembler.assemble(this.sampler.next(this.batchSize));
    this.fill();
    const { batch } = this.queue.shift()!;
    this.fill();
    return batch;
  }

  /** The position before the next batch, for `BatchLoaderOptions.state`. */
  state(): SamplerState {
    return this.queue[0]?.state ?? this.sampler.state();
  }

  async close(): Promise<void> {
    this.failure = new Error("The batch loader is closed");
    this.assembler.close();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private fill(): void {
    while (this.queue.length < this.workers.length * batchesPerWorker) {
      const state = this.sampler.state();
      const id = this.requests++;
      const batch = new Promise<Batch>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
      batch.catch(() => {}); // reported by the `next` that takes it, or never wanted
      this.queue.push({ id, state, batch });
      const request: BatchRequest = { id, samples: this.sampler.next(this.batchSize) };
      this.workers[id % this.workers.length]!.postMessage(request);
    }
  }

  private start(input: WorkerInput): Worker {
    const worker = startThread(import.meta.url, "./batch-worker", input);
    worker.on("message", (reply: BatchReply) => {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if ("batch" in reply) waiting?.resolve(reply.batch);
      else waiting?.reject(reply.error);
    });
    worker.on("error", (error) => this.fail(error));
    worker.on("exit", (code) => this.fail(new Error(`A batch worker ended (exit code ${code})`)));
    return worker;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }
}
