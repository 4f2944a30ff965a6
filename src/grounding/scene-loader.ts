// Batches of scenes ahead of time, made by threads. A batch follows from the seed and its number alone, whatever the number of threads.
import { WorkerThread } from "../system/index.ts";
import type { SceneWork } from "./scene-worker.ts";
import type { Scenes } from "./scenes.ts";

export interface SceneLoaderOptions {
  readonly seed: string;
  readonly batchSize: number;
  /** Height and width, pixels. */
  readonly pictureSize: number;
  /** From 1 up. */
  readonly workers: number;
  /** Goes on where `SceneLoader.state` was taken. */
  readonly state?: number;
}

/** Batches that a thread holds ready or in the making. */
const batchesPerWorker = 2;

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

  async next(): Promise<Scenes> {
    this.fill();
    const batch = this.queue.shift()!;
    this.taken++;
    this.fill();
    return batch;
  }

  /** Batches that were taken. */
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
      batch.catch(() => undefined); // whoever takes it learns of it
      this.queue.push(batch);
    }
  }
}
