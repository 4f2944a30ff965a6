// The sampler decides the frames of every batch. Each draw picks a source by weight, then the next frame of a seeded
// permutation of that source's frames. Each epoch has another permutation. A draw depends on the seed and on the number
// of draws from each source alone. So a few numbers are the whole position, and a run resumes exactly.
import * as z from "zod";
import { checked, PistarError, random } from "../system/index.ts";

/** One sample: a frame of a source. `draw` numbers all draws of a run and names the sample's own randomness. */
export interface Sample {
  readonly source: number;
  readonly frame: number;
  readonly draw: number;
}

/** Frames to draw, and their weight relative to the other pools. */
export interface Pool {
  readonly frames: Int32Array;
  /** Default: the number of frames, for equally likely frames of all sources. */
  readonly weight?: number | undefined;
}

const stateSchema = z.object({
  seed: z.int(),
  /** Draws so far from each pool. */
  drawn: z.array(z.int().min(0)).readonly(),
  /** A checksum of each pool's frames, to notice a resume on other data. */
  pools: z.array(z.int().min(0)).readonly(),
});
/** The position of a sampler, as JSON. */
export type SamplerState = Readonly<z.infer<typeof stateSchema>>;

export class Sampler {
  private readonly pools: readonly Pool[];
  private readonly seed: number;
  private readonly drawn: number[];
  private readonly checksums: readonly number[];
  /** The end of each pool's part of [0, 1). */
  private readonly shares: readonly number[];
  private readonly orders: { epoch: number; order: Int32Array }[];

  /**
   * @param state from `state()` of a sampler with the same seed and pools, to continue from there
   * @throws PistarError damaged-file if it is no such state, cannot-resume for another seed or other pools
   */
  constructor(pools: readonly Pool[], seed: number, state?: SamplerState) {
    const weights = pools.map(({ frames, weight }) => checkWeight(weight ?? frames.length, frames.length));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (!(total > 0)) throw new RangeError("Expected at least one source with frames and a weight above 0, got none");
    this.pools = pools;
    this.seed = seed;
    this.shares = weights.map((_, at) => weights.slice(0, at + 1).reduce((sum, weight) => sum + weight, 0) / total);
    this.checksums = pools.map(({ frames }) => checksum(frames));
    if (state) checked(stateSchema, state, "The saved position of the batches");
    if (state && (state.seed !== seed || String(state.pools) !== String(this.checksums)))
      throw new PistarError(
        "cannot-resume",
        `Expected to resume with seed ${state.seed} and the same frames of ${state.pools.length} sources, got seed ${seed}` +
          ` and ${pools.length} sources (checksums ${state.pools} and ${this.checksums}); other data needs a new run`,
      );
    this.drawn = state ? [...state.drawn] : pools.map(() => 0);
    this.orders = pools.map(() => ({ epoch: -1, order: new Int32Array(0) }));
  }

  /** The next `count` samples. */
  next(count: number): Sample[] {
    return Array.from({ length: count }, () => this.draw());
  }

  state(): SamplerState {
    return { seed: this.seed, drawn: [...this.drawn], pools: this.checksums };
  }

  private draw(): Sample {
    const draw = this.drawn.reduce((sum, count) => sum + count, 0);
    const at = random(`${this.seed}/source/${draw}`).uniform();
    const source = this.shares.findIndex((end) => at < end);
    const size = this.pools[source]!.frames.length;
    const count = this.drawn[source]!++;
    return { source, frame: this.order(source, Math.floor(count / size))[count % size]!, draw };
  }

  private order(source: number, epoch: number): Int32Array {
    const known = this.orders[source]!;
    if (known.epoch !== epoch) {
      known.epoch = epoch;
      known.order = this.pools[source]!.frames.slice();
      const generator = random(`${this.seed}/order/${source}/${epoch}`);
      for (let at = known.order.length - 1; at > 0; at--) {
        const other = generator.integer(at + 1);
        const frame = known.order[at]!;
        known.order[at] = known.order[other]!;
        known.order[other] = frame;
      }
    }
    return known.order;
  }
}

function checkWeight(weight: number, frames: number): number {
  if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`Expected a weight from 0 up, got ${weight}`);
  if (weight > 0 && frames === 0) throw new RangeError(`Expected frames in a source of weight ${weight}, got none`);
  return weight;
}

function checksum(frames: Int32Array): number {
  return frames.reduce((value, frame) => Math.imul(value ^ frame, 0x01000193), 0x811c9dc5 ^ frames.length) >>> 0;
}
