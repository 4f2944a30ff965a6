// Puts batches together from samples. The same samples give the same bytes in any thread.
//
// B samples, H steps of an action chunk, S numbers of state, A of action, [h, w] pixels.

import { random } from "../system/index.ts";
import { actionChunk } from "./action-chunk.ts";
import { type Augmentation, augment, checkAugmentation } from "./augmentation.ts";
import type { BatchSource } from "./batch-source.ts";
import { FrameCache } from "./frame-cache.ts";
import type { Sample } from "./sampler.ts";

export interface BatchOptions {
  /** H: steps of an action chunk. */
  readonly horizon: number;
  /** S and A; shorter vectors end in zeros (default: the longest of the sources). */
  readonly stateSize?: number;
  readonly actionSize?: number;
  readonly augmentation?: Augmentation;
  /** Seed of the augmentation. */
  readonly seed: number;
}

export interface Batch {
  readonly size: number;
  /** Images by camera, [B, h, w, 3]; black for a source without the camera. */
  readonly images: Readonly<Record<string, Uint8Array>>;
  /** Masks by camera, [B]: 1 for an image. */
  readonly imageMasks: Readonly<Record<string, Uint8Array>>;
  /** [B, S], as recorded. */
  readonly state: Float32Array;
  /** [B, H, A], as recorded. */
  readonly actions: Float32Array;
  /** [B, H], 1 beyond the episode's end, and after the last acted frame. */
  readonly actionIsPad: Uint8Array;
  /** [B], instruction texts. */
  readonly tasks: readonly string[];
  /** [B], undefined without one. */
  readonly subtasks: readonly (string | undefined)[];
  /** [B], positions in the list of sources. */
  readonly source: Int32Array;
  /** [B], as the dataset numbers them; frame 0 is the episode's first. */
  readonly episodeIndex: Int32Array;
  readonly frameIndex: Int32Array;
  /** [B], normalised; NaN without one. */
  readonly return: Float32Array;
  /** [B], 1 positive, 0 negative, −1 without one. */
  readonly advantageIndicator: Int8Array;
}

export class BatchAssembler {
  private readonly sources: readonly BatchSource[];
  private readonly caches: readonly Readonly<Record<string, FrameCache>>[];
  private readonly cameras: readonly string[];
  private readonly options: Required<Pick<BatchOptions, "horizon" | "stateSize" | "actionSize" | "seed">> &
    BatchOptions;
  private readonly width: number;
  private readonly scratch: Uint8Array;

  constructor(sources: readonly BatchSource[], options: BatchOptions) {
    const [first] = sources;
    if (!first) throw new RangeError("Expected at least one source to make batches from, got none");
    const { horizon, augmentation } = options;
    if (!(Number.isInteger(horizon) && horizon >= 1))
      throw new RangeError(`Expected a horizon of at least 1 step, got ${horizon}`);
    if (augmentation) checkAugmentation(augmentation);
    for (const { height, width } of sources)
      if (height !== first.height || width !== first.width)
        throw new RangeError(
          `Expected pictures of ${first.width}×${first.height} in all sources, got ${width}×${height}`,
        );
    this.sources = sources;
    this.width = first.width;
    this.scratch = new Uint8Array(first.height * first.width * 3);
    this.options = {
      ...options,
      stateSize: size(
        "state",
        options.stateSize,
        sources.map((source) => source.stateSize),
      ),
      actionSize: size(
        "action",
        options.actionSize,
        sources.map((source) => source.actionSize),
      ),
    };
    this.cameras = [...new Set(sources.flatMap(({ caches }) => Object.keys(caches)))];
    this.caches = sources.map(({ caches }) =>
      Object.fromEntries(Object.entries(caches).map(([camera, folder]) => [camera, new FrameCache(folder)])),
    );
  }

  assemble(samples: readonly Sample[]): Batch {
    const { horizon, stateSize, actionSize } = this.options;
    const count = samples.length;
    const pixels = this.scratch.length;
    const perCamera = (bytes: number) =>
      Object.fromEntries(this.cameras.map((camera) => [camera, new Uint8Array(count * bytes)]));
    const batch = {
      size: count,
      images: perCamera(pixels),
      imageMasks: perCamera(1),
      state: new Float32Array(count * stateSize),
      actions: new Float32Array(count * horizon * actionSize),
      actionIsPad: new Uint8Array(count * horizon),
      tasks: samples.map(({ source, frame }) => this.sources[source]!.tasks[this.sources[source]!.taskOf[frame]!]!),
      subtasks: samples.map(
        ({ source, frame }) => this.sources[source]!.subtasks[this.sources[source]!.subtaskOf[frame]!],
      ),
      source: Int32Array.from(samples, ({ source }) => source),
      episodeIndex: new Int32Array(count),
      frameIndex: new Int32Array(count),
      return: Float32Array.from(samples, ({ source, frame }) => this.sources[source]!.return[frame]!),
      advantageIndicator: Int8Array.from(
        samples,
        ({ source, frame }) => this.sources[source]!.advantageIndicator[frame]!,
      ),
    };
    for (const [at, sample] of samples.entries()) {
      const source = this.sources[sample.source]!;
      const { frame } = sample;
      const episode = episodeOf(source.episodeStarts, frame);
      const chunk = horizon * actionSize;
      batch.episodeIndex[at] = source.episodeIndices[episode]!;
      batch.frameIndex[at] = frame - source.episodeStarts[episode]!;
      batch.state.set(source.state.subarray(frame * source.stateSize, (frame + 1) * source.stateSize), at * stateSize);
      actionChunk(
        source.actions,
        source.actionSize,
        frame,
        source.chunkEnds[frame]!,
        batch.actions.subarray(at * chunk, (at + 1) * chunk),
        batch.actionIsPad.subarray(at * horizon, (at + 1) * horizon),
      );
      for (const camera of this.cameras) {
        const cache = this.caches[sample.source]![camera];
        if (!cache) continue;
        batch.imageMasks[camera]![at] = 1;
        this.picture(cache, camera, sample, batch.images[camera]!.subarray(at * pixels, (at + 1) * pixels));
      }
    }
    return batch;
  }

  close(): void {
    for (const caches of this.caches) for (const cache of Object.values(caches)) cache.close();
  }

  private picture(cache: FrameCache, camera: string, { frame, draw }: Sample, target: Uint8Array): void {
    const { augmentation, seed } = this.options;
    if (!augmentation) {
      cache.read(frame, target);
      return;
    }
    cache.read(frame, this.scratch);
    augment(this.scratch, target, this.width, augmentation, random(`${seed}/augmentation/${draw}/${camera}`));
  }
}

function size(what: string, wanted: number | undefined, present: readonly number[]): number {
  const longest = Math.max(...present);
  if (wanted !== undefined && wanted < longest)
    throw new RangeError(`Expected room for ${longest} numbers of ${what}, got ${wanted}`);
  return wanted ?? longest;
}

/** The position of a frame's episode: the last one that starts at or before it. */
function episodeOf(starts: Int32Array, frame: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= frame) low = middle;
    else high = middle;
  }
  return low;
}
