// Loads batches of scenes ahead of time, made by threads. Seed and number alone decide a batch, whatever the number of
// threads.
import { WorkerThread } from "../system/index.ts";
import type { SceneWork } from "./scene-worker.ts";
import type { Scenes } from "./scenes.ts";

/** Options of a scene loader. */
export interface SceneLoaderOptions {
  readonly seed: string;
  readonly batchSize: number;
  /** Height and width, pixels. */
  readonly pictureSize: number;
  /** Number of threads, from 1. */
  readonly workers: number;
  /** Number of batches to skip, from `SceneLoader.state`. */
  readonly state?: number;
}

/** Batches ready or in the making, for each thread. */
const batchesPerWorker = 2;

/** Loads scenes batch by batch. It owns threads: `close` it. */
export class SceneLoader {
  private readonly options: SceneLoaderOptions;
  private readonly threads: readonly WorkerThread<SceneWork>[];
  private readonly queue: Promise<Scenes>[] = [];
  private taken: number;

  constructor(options: SceneLoaderOptions) {
    const { pictureSize, workers, state } = options;
    this.options = options;
    this.taken = state ?? 0;
    const start = () =>
      new WorkerThread<SceneWork>(import.meta.url, "./scene-worker", {
        name: "A scene worker",
        input: { pictureSize },
      });
    this.threads = Array.from({ length: workers }, start);
  }

  /** The next batch. */
  async next(): Promise<Scenes> {
    this.fill();
    const batch = this.queue.shift()!;
    this.taken++;
    this.fill();
    return batch;
  }

  /** Number of batches taken. */
  state(): number {
    return this.taken;
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private fill(): void {
    const { seed, batchSize } = this.options;
    while (this.queue.length < batchesPerWorker * this.threads.length) {
      const number = this.taken + this.queue.length;
      const thread = this.threads[number % this.threads.length]!;
      const batch = thread.ask("make", { seed: `${seed}/${number}`, size: batchSize });
      batch.catch(() => undefined); // the batch's taker gets the error
      this.queue.push(batch);
    }
  }
}
