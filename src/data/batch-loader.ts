// Batches ahead of time: worker threads assemble the next batches while the model trains. Order and contents come from the sampler and the
// seed alone, so any number of workers gives the same batches.
import { WorkerThread } from "../system/index.ts";
import { type Batch, BatchAssembler, type BatchOptions } from "./batch.ts";
import type { BatchSource } from "./batch-source.ts";
import type { BatchWork } from "./batch-worker.ts";
import { Sampler, type SamplerState } from "./sampler.ts";

export interface BatchLoaderOptions extends BatchOptions {
  readonly batchSize: number;
  /** Threads; 0 puts batches together when they are asked for. */
  readonly workers: number;
  /** Continues from `BatchLoader.state`. */
  readonly state?: SamplerState;
}

/** Batches ready or in the making, for each worker. */
const batchesPerWorker = 2;

interface Pending {
  /** Of the sampler, before this batch. */
  readonly state: SamplerState;
  readonly batch: Promise<Batch>;
}

export class BatchLoader {
  private readonly sampler: Sampler;
  private readonly batchSize: number;
  private readonly assembler: BatchAssembler;
  private readonly workers: readonly WorkerThread<BatchWork>[];
  private readonly queue: Pending[] = [];
  private requests = 0;
  private closed = false;

  constructor(sources: readonly BatchSource[], { batchSize, workers, state, ...options }: BatchLoaderOptions) {
    if (!(Number.isInteger(batchSize) && batchSize >= 1))
      throw new RangeError(`Expected a batch of at least 1 sample, got ${batchSize}`);
    if (!(Number.isInteger(workers) && workers >= 0))
      throw new RangeError(`Expected 0 or more workers, got ${workers}`);
    this.batchSize = batchSize;
    this.sampler = new Sampler(sources, options.seed, state);
    this.assembler = new BatchAssembler(sources, options); // with workers too: it checks the options here
    const start = () =>
      new WorkerThread<BatchWork>(import.meta.url, "./batch-worker", {
        name: "A batch worker",
        input: { sources, options },
      });
    this.workers = Array.from({ length: workers }, start);
  }

  /** @throws Error if the batch cannot be put together, its worker has ended, or the loader is closed */
  async next(): Promise<Batch> {
    if (this.closed) throw new Error("The batch loader is closed");
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
    this.closed = true;
    this.assembler.close();
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  private fill(): void {
    while (this.queue.length < this.workers.length * batchesPerWorker) {
      const state = this.sampler.state();
      const worker = this.workers[this.requests++ % this.workers.length]!;
      const batch = worker.ask("assemble", this.sampler.next(this.batchSize));
      batch.catch(() => {}); // reported by its `next`, or never wanted
      this.queue.push({ state, batch });
    }
  }
}
