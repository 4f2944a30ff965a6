// One training step: the gradient of a batch, then AdamW's update. The two are separate calls, so that several machines can sum their gradients
// in between.
import type { LossTerm } from "../../model/index.ts";
import type { Feed, Store, Tensor, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";

export interface Objective {
  readonly parameters: readonly Tensor[];
  /** Names of parameters without a gradient (* stands for any characters). They stay as they are and cost nothing. */
  readonly unreached?: readonly string[];
  /** The loss of so many samples, the first dimension of every input. */
  readonly loss: (batch: number) => { readonly inputs: readonly Tensor[]; readonly terms: readonly LossTerm[] };
}

export interface StepOptions {
  readonly batchSize: number;
  readonly device: t.Device;
  readonly threads: number;
  readonly weightDecay: number;
  /** A gradient with a larger norm is scaled down to it. */
  readonly maxNorm: number;
}

export interface TrainingStep {
  /** Computes the gradient of a batch, and keeps it for `update`. @returns "loss" and its terms by name */
  gradient(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, number>>>;
  /**
   * Lets `combine` change the kept gradient in place, for example to the mean over machines. The gradient is one flat array, with the learned
   * parameters in the objective's order. Its memory may be shared between threads.
   */
  exchange(combine: (gradient: Float32Array) => void | Promise<void>): Promise<void>;
  /** Clips the kept gradient and takes AdamW's step. @returns the gradient's norm before clipping */
  update(learningRate: number): Promise<number>;
  /** averages ← decay · averages + (1 − decay) · parameters. Without averages it does nothing. */
  average(decay: number): Promise<void>;
  /** Brings parameters, moments and averages in the store up to date. */
  settle(): Promise<void>;
  release(): Promise<void>;
}

/** Makes the step of a training. The store holds parameters, `optimiserStates`, and averages if they are wanted. */
export type StepFactory = (objective: Objective, store: Store, options: StepOptions) => Promise<TrainingStep>;

/** The gradient of a batch and the update by it. @returns the loss, the gradient's norm before clipping, and the loss's terms */
export async function takeStep(
  step: TrainingStep,
  feeds: Readonly<Record<string, Feed>>,
  learningRate: number,
): Promise<{ readonly loss: number; readonly gradientNorm: number; readonly [term: string]: number }> {
  const { loss, ...terms } = await step.gradient(feeds);
  const gradientNorm = await step.update(learningRate);
  return { loss: loss!, gradientNorm, ...terms };
}

/** β₂ is openpi's. The moments of the first steps are soon forgotten. */
export const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

/** Biases and norms do not decay. */
export const undecayed = ["*bias", "*norm*"] as const;

/** The parameters with a gradient, and the others. */
export function learnedFirst({ parameters, unreached = [] }: Objective): readonly [Tensor[], Tensor[]] {
  const stays = ({ node }: Tensor) => t.matches(node.name!, unreached);
  return [parameters.filter((parameter) => !stays(parameter)), parameters.filter(stays)];
}

/** AdamW's state before the first step, for the store. */
export const optimiserStates = (parameters: readonly Tensor[]): ReadonlyMap<string, TensorValue> =>
  t.adamW(parameters, parameters, { learningRate: 0 }).initial;
