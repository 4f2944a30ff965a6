// Validates a policy on held-out episodes: its losses, and the error of sampled chunks against the recorded actions. A trivial policy, which
// repeats the last action, gives the error to beat.
import { type Batch, BatchAssembler, type BatchSource } from "../data/index.ts";
import { type ActionSampler, createActionSampler, initPolicyNetwork, policyLoss } from "../model/index.ts";
import type { PolicyDescription } from "../policy/index.ts";
import type { Program, Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { advantageIndicatorsOf } from "./advantage-indicators.ts";
import type { Validation } from "./engine/optimise.ts";
import type { PolicyOptions } from "./options.ts";
import { policySamples } from "./policy-samples.ts";
import { firstFrame, spreadFrames, type TrainingEpisode } from "./training-data.ts";

export interface Validator {
  validate(store: Store): Promise<Validation>;
  release(): Promise<void>;
}

/** Errors are mean absolute differences of normalised actions, over the steps up to the episode's end. */
export function policyValidator(
  description: PolicyDescription,
  sources: readonly BatchSource[],
  episodes: readonly TrainingEpisode[],
  options: PolicyOptions,
): Validator {
  const samples = policySamples(description, options.subtasks);
  const frames = heldOutBatches(sources, episodes, description.config.horizon, options);
  let programs: Programs | undefined;
  return {
    async validate(store) {
      programs ??= await compilePrograms(description, options, store);
      // Every validation has the same noise.
      const random = t.random(options.seed).split("validation");
      const means = {
        flow: new Mean(),
        fast: new Mean(),
        text: new Mean(),
        actionError: new Mean(),
        repeatLastError: new Mean(),
      };
      for (const { batch, weights, last } of frames) {
        const indicators = advantageIndicatorsOf(batch, options.advantageIndicator);
        const conditions = indicators.map((advantageIndicator, at) => ({
          advantageIndicator,
          subtask: batch.subtasks[at],
        }));
        const feeds = samples.lossFeeds(batch, conditions, weights, random);
        const losses = await programs.loss.run(feeds);
        const actionWeights = feeds.actionWeights as Float32Array;
        means.flow.add(Number(losses.flow!.data[0]), sum(actionWeights));
        if (losses.fast) means.fast.add(Number(losses.fast.data[0]), sum(feeds.fastWeights as Float32Array));
        if (losses.text) means.text.add(Number(losses.text.data[0]), sum(feeds.promptWeights as Float32Array));
        // The recorded subtask stands for the one that the policy says at run time.
        const sampled = await programs.sampler.sample(samples.prefix(batch, conditions), feeds.noise as Float32Array);
        const done = feeds.actions as Float32Array;
        const repeated = samples.actions({ ...batch, actions: last });
        for (const [i, weight] of actionWeights.entries()) {
          means.actionError.add(Math.abs(sampled[i]! - done[i]!), weight);
          means.repeatLastError.add(Math.abs(repeated[i]! - done[i]!), weight);
        }
      }
      const metrics = Object.fromEntries(
        Object.entries(means).flatMap(([name, mean]) => (mean.weight > 0 ? [[`heldOut/${name}`, mean.value]] : [])),
      );
      return { score: means.flow.value, metrics };
    },
    async release() {
      await programs?.loss.release();
      await programs?.sampler.release();
    },
  };
}

interface Programs {
  readonly loss: Program;
  readonly sampler: ActionSampler;
}

async function compilePrograms(
  { config }: PolicyDescription,
  { batchSize, device, threads, denoisingSteps, subtasks }: PolicyOptions,
  store: Store,
): Promise<Programs> {
  const policy = initPolicyNetwork(t.scope(), config);
  const { inputs, parts } = policyLoss(policy, batchSize, { learnsText: subtasks });
  const outputs = {
    flow: parts.flow!,
    ...(parts.fast && { fast: parts.fast }),
    ...(parts.text && { text: parts.text }),
  };
  const compute = { device, ...(threads && { threads }) };
  return {
    loss: await t.compile({ inputs, outputs }, { store, ...compute }),
    sampler: await createActionSampler(policy, store, {
      batch: batchSize,
      ...(denoisingSteps !== undefined && { denoisingSteps }),
      ...compute,
    }),
  };
}

interface HeldOutBatch {
  readonly batch: Batch;
  /** [B], 0 for samples that only fill the batch. */
  readonly weights: Float32Array;
  /** [B, H, robot's]: the action before each frame, repeated. */
  readonly last: Float32Array;
}

function heldOutBatches(
  sources: readonly BatchSource[],
  episodes: readonly TrainingEpisode[],
  horizon: number,
  { batchSize, validationFrames, seed }: PolicyOptions,
): HeldOutBatch[] {
  const assembler = new BatchAssembler(sources, { horizon, seed });
  // Frame 0 has no last action.
  const drawn = spreadFrames(episodes, validationFrames)
    .filter(([, frame]) => frame > 0)
    .map(([at, frame], draw) => {
      const { dataset } = episodes[at]!;
      return { source: dataset, frame: firstFrame(sources[dataset]!, episodes[at]!) + frame, draw };
    });
  const batches: HeldOutBatch[] = [];
  for (let begin = 0; begin < drawn.length; begin += batchSize) {
    const chosen = drawn.slice(begin, begin + batchSize);
    const filled = Array.from({ length: batchSize }, (_, i) => chosen[i] ?? chosen[0]!);
    const batch = assembler.assemble(filled);
    const size = batch.actions.length / batchSize / horizon;
    const last = batch.actions.slice();
    for (const [at, { source, frame }] of filled.entries()) {
      const { actions, actionSize } = sources[source]!;
      for (let step = 0; step < horizon; step++)
        last.set(actions.subarray((frame - 1) * actionSize, frame * actionSize), (at * horizon + step) * size);
    }
    batches.push({ batch, weights: Float32Array.from(filled, (_, i) => (i < chosen.length ? 1 : 0)), last });
  }
  assembler.close();
  return batches;
}

/** A weighted mean. */
class Mean {
  weight = 0;
  private total = 0;
  add(value: number, weight: number): void {
    this.total += value * weight;
    this.weight += weight;
  }
  get value(): number {
    return this.total / this.weight;
  }
}

const sum = (numbers: Float32Array): number => numbers.reduce((total, x) => total + x, 0);
