// Batches of the dataset benchmark: frames from the frame cache, and whole batches with prefetch. 40 episodes of 250
// frames, 2 cameras at 64², 14 numbers of state and action, chunks of 50 steps. Medians of several runs.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchLoader } from "../src/data/batch-loader.ts";
import { type BatchSource, batchSource } from "../src/data/batch-source.ts";
import { FrameCache } from "../src/data/frame-cache.ts";
import { random } from "../src/system/random.ts";
import { memoryDataset } from "../test/data/memory-dataset.ts";
import { median } from "./median.ts";

/** Random frames per second from one camera's cache, on this thread. */
function cachedFramesPerSecond(folder: string, frames = 20_000): number {
  const cache = new FrameCache(folder);
  const target = new Uint8Array(cache.frameBytes);
  const generator = random("frames");
  const rates = Array.from({ length: 5 }, () => {
    const wanted = Array.from({ length: frames }, () => generator.integer(cache.frames));
    const start = performance.now();
    for (const frame of wanted) cache.read(frame, target);
    return (frames * 1000) / (performance.now() - start);
  });
  cache.close();
  return median(rates);
}

interface BatchTiming {
  readonly workers: number;
  readonly augmented: boolean;
  /** Time of a training step between two batches, ms; 0 asks for batches without pause. */
  readonly stepMs: number;
}

/** Milliseconds for a batch of 32: the median wait between steps or, without steps, the mean time. */
async function batchMilliseconds(sources: readonly BatchSource[], timing: BatchTiming): Promise<number> {
  const { workers, augmented, stepMs } = timing;
  const augmentation = augmented ? { augmentation: { shift: 4, brightness: 0.2 } } : {};
  const loader = new BatchLoader(sources, { batchSize: 32, horizon: 50, seed: 1, workers, ...augmentation });
  for (let at = 0; at < 50; at++) await loader.next();
  const times = [];
  const start = performance.now();
  for (let at = 0; at < (stepMs > 0 ? 100 : 300); at++) {
    if (stepMs > 0) await sleep(stepMs);
    const asked = performance.now();
    await loader.next();
    times.push(performance.now() - asked);
  }
  const mean = (performance.now() - start) / times.length;
  await loader.close();
  return stepMs > 0 ? median(times) : mean;
}

/** Frames a second from a cache at 64², and milliseconds for a batch of 32 × 2 cameras × 64² with chunks of 50, with 0, 1 and 2 workers. */
export async function cacheAndBatches(folder: string): Promise<Record<string, number>> {
  const shape = { lengths: new Array<number>(40).fill(250), width: 64, height: 64, stateSize: 14, actionSize: 14 };
  const dataset = memoryDataset({ ...shape, cameras: ["top", "wrist"] });
  const options = { directory: join(folder, "cache"), height: 64, width: 64, cameras: { base: "top", hand: "wrist" } };
  const source = await batchSource(dataset, options);
  const figures: Record<string, number> = { cached_64_fps: cachedFramesPerSecond(source.caches.base!) };
  for (const workers of [0, 1, 2])
    for (const augmented of [false, true]) {
      const name = `batch_${workers}_workers${augmented ? "_augmented" : ""}_ms`;
      figures[name] = await batchMilliseconds([source], { workers, augmented, stepMs: 0 });
    }
  figures.batch_wait_1_worker_20ms_steps_ms = await batchMilliseconds([source], {
    workers: 1,
    augmented: true,
    stepMs: 20,
  });
  await dataset.close();
  return figures;
}
