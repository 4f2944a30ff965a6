// The start of both trainings: weights and batches.
import { BatchLoader, type BatchLoaderOptions, type BatchSource, type SamplerState } from "../data/index.ts";
import {
  type PolicyDescription,
  type PretrainedBackbone,
  readWeights,
  type ValueDescription,
} from "../policy/index.ts";
import type { TensorValue } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { PolicyOptions, ValueOptions } from "./options.ts";

/** The source of the first weights. */
export interface WeightsStart<Description> {
  /** Folder of the checkpoint to fine-tune. */
  readonly base: string | undefined;
  /** A backbone to begin from, if there is no checkpoint. */
  readonly backbone: PretrainedBackbone | undefined;
  /** The network as it is saved, and as it learns. They differ in the room for prompts. */
  readonly description: Description;
  readonly learner: Description;
}

/** The first weights: the checkpoint's, or random ones overwritten by the backbone's. */
export async function startingWeights(
  scope: t.Scope,
  { base, backbone, description, learner }: WeightsStart<PolicyDescription | ValueDescription>,
  seed: number,
): Promise<Map<string, TensorValue>> {
  if (base === undefined) {
    const weights = scope.initialize(t.random(seed).split("weights"));
    return backbone ? backbone.over(weights, learner) : weights;
  }
  const store = t.createStore();
  await readWeights(base, description, store);
  const weights = await store.readAll();
  store.release();
  return weights;
}

/** Batches drawn by the options' seed, augmented by the options. @param position of an earlier process, to go on from */
export function trainingBatches(
  sources: readonly BatchSource[],
  horizon: number,
  { seed, batchSize, workers, shift, brightness }: PolicyOptions | ValueOptions,
  position: SamplerState | undefined,
): BatchLoader {
  const options: BatchLoaderOptions = {
    horizon,
    seed,
    batchSize,
    workers,
    ...((shift > 0 || brightness > 0) && { augmentation: { shift, brightness } }),
    ...(position && { state: position }),
  };
  return new BatchLoader(sources, options);
}
