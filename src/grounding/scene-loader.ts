// Batches of scenes ahead of time, made by threads. A batch follows from the seed and its number alone, whatever the number of threads.
import type { Worker } from "node:worker_threads";
import { startThread } from "../system/index.ts";
import type { SceneReply, SceneRequest } from "./scene-thread.ts";
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
  private readonly threads: readonly SceneThread[];
  private readonly queue: Promise<Scenes>[] = [];
  private taken: number;

  constructor(options: SceneLoaderOptions) {
    this.options = options;
    this.taken = options.state ?? 0;
    this.threads = Array.from({ length: options.workers }, () => new SceneThread(options.pictureSize));
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
      const batch = this.threads[number % this.threads.length]!.ask({ seed: `${seed}/${number}`, size: batchSize });
      batch.catch(() => undefined); // whoever takes it learns of it
      this.queue.push(batch);
    }
  }
}

/** Answers in the order of its questions. */
class SceneThread {
  private readonly worker: Worker;
  private readonly waiting: { resolve(scenes: Scenes): void; reject(error: unknown): void }[] = [];
  /** Why it does not answer any more. */
  private failure: unknown;

  constructor(pictureSize: number) {
    this.worker = startThread(import.meta.url, "./scene-thread", { pictureSize });
    this.worker.on("message", (reply: SceneReply) => {
      const { resolve, reject } = this.waiting.shift()!;
      if ("scenes" in reply) resolve(reply.scenes);
      else reject(reply.failed);
    });
    const fail = (error: unknown) => {
      this.failure ??= error;
      for (const { reject } of this.waiting.splice(0)) reject(this.failure);
    };
    this.worker.on("error", fail);
    this.worker.on("exit", (code) => fail(new Error(`A thread that makes scenes ended (exit code ${code})`)));
  }

  ask(request: SceneRequest): Promise<Scenes> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
