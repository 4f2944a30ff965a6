// What the trainings of both networks begin with: weights and batches.
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

/** Random weights, or what is already known in their place. */
export interface WeightsStart<Description> {
  /** Folder of the checkpoint that is fine-tuned. */
  readonly base: string | undefined;
  /** Without a checkpoint: what a backbone has learned. */
  readonly backbone: PretrainedBackbone | undefined;
  /** What the checkpoint holds, and the network that learns. They differ in the room for prompts. */
  readonly description: Description;
  readonly learner: Description;
}

/** The weights that a training begins with: the checkpoint's, or random ones with the backbone's laid over them. */
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

/** Batches drawn by the options' seed, with their augmentation. @param position where an earlier process was */
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
