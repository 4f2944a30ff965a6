// Predicts values of many frames in batches, for validation and for labels.
import { BatchAssembler, type BatchSource } from "../data/index.ts";
import { createValuePredictor, initValueFunction, type ValuePredictor } from "../model/index.ts";
import { stateConverter, type ValueDescription, valuePrefix } from "../policy/index.ts";
import type { Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

export interface ValueJudge {
  /** The predicted distributions over the bins, [frames, bins]. */
  distributions(
    frames: readonly { readonly source: number; readonly frame: number; readonly draw: number }[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @param store holds the value function's parameters */
export async function createValueJudge(
  description: ValueDescription,
  store: Store,
  sources: readonly BatchSource[],
  {
    batchSize,
    device,
    threads,
  }: { readonly batchSize: number; readonly device: t.Device; readonly threads?: number | undefined },
): Promise<ValueJudge> {
  const { config } = description;
  const valuer: ValuePredictor = await createValuePredictor(initValueFunction(t.scope(), config), store, {
    batch: batchSize,
    device,
    ...(threads && { threads }),
  });
  const converter = stateConverter(description);
  return {
    async distributions(frames, onProgress) {
      const all = new Float32Array(frames.length * config.bins);
      const assembler = new BatchAssembler(sources, { horizon: 1, seed: 0 });
      try {
        for (let begin = 0; begin < frames.length; begin += batchSize) {
          const chosen = frames.slice(begin, begin + batchSize);
          const filled = Array.from({ length: batchSize }, (_, i) => chosen[i] ?? chosen[0]!);
          const found = await valuer.distributions(valuePrefix(description, converter, assembler.assemble(filled)));
          all.set(found.subarray(0, chosen.length * config.bins), begin * config.bins);
          onProgress?.(begin + chosen.length, frames.length);
        }
      } finally {
        assembler.close();
      }
      return all;
    },
    release: () => valuer.release(),
  };
}

/** −Σ target · log p of each row, [rows, bins] both. */
export function crossEntropies(probabilities: Float32Array, targets: Float32Array, bins: number): Float64Array {
  return Float64Array.from({ length: targets.length / bins }, (_, row) => {
    let sum = 0;
    for (let bin = row * bins; bin < (row + 1) * bins; bin++)
      if (targets[bin]! > 0) sum -= targets[bin]! * Math.log(Math.max(probabilities[bin]!, 1e-30));
    return sum;
  });
}
