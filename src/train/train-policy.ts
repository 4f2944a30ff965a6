// Training a policy: the flow loss of its action expert beside the cross-entropy of FAST tokens, with the advantage in the prompt where the
// data is labelled (π*0.6, arXiv 2511.14759, sections IV-B and V).
import {
  BatchLoader,
  type BatchSource,
  type FrameLabels,
  type LeRobotDataset,
  readLabels,
  type SamplerState,
} from "../data/index.ts";
import { initPolicyNetwork, policyLoss, sizes } from "../model/index.ts";
import {
  type BasePolicy,
  backboneNames,
  checkFeatures,
  findCheckpoint,
  isForeign,
  openBackbone,
  readPolicyDescription,
  readPublished,
  readWeights,
  robotFeatures,
  saveCheckpoint,
} from "../policy/index.ts";
import type { TensorValue } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { advantageWeights, type FrameWeight } from "./advantage-weights.ts";
import { describePolicy, withSnugPrompts } from "./describe-policy.ts";
import { type Course, optimise, type Progress } from "./engine/optimise.ts";
import { openRun, readResult, writeResult } from "./engine/run-folder.ts";
import { type PolicyOptions, policyOptions } from "./options.ts";
import { advantagesOf, policySamples } from "./policy-samples.ts";
import { policyValidator } from "./policy-validation.ts";
import { withPositiveShare } from "./positive-share.ts";
import {
  drawingFrom,
  openTrainingData,
  splitEpisodes,
  type TrainingData,
  type TrainingDataset,
  trainingSources,
  whereSomebodyActs,
} from "./training-data.ts";

export interface TrainPolicyInput {
  /** The folder of the run. */
  readonly run: string;
  readonly datasets: readonly TrainingDataset[];
  readonly options?: Partial<PolicyOptions>;
  /** Whether to go on with a run that is there already. */
  readonly resume?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Called as pictures are decoded, before the training. */
  readonly onDecode?: (done: number, total: number) => void;
}

export interface PolicyResult extends Course {
  readonly parameters: number;
  readonly episodes: { readonly train: number; readonly heldOut: number };
  /** On held-out episodes at the end: losses, and errors of sampled chunks beside those of repeating the last action. */
  readonly heldOut: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
}

/** @throws Error saying what is wrong with the run, the data or an option */
export async function trainPolicy(input: TrainPolicyInput): Promise<PolicyResult> {
  const { datasets, resume = false, onProgress, onDecode } = input;
  const options = policyOptions.parse(input.options ?? {});
  const { positiveShare } = options;
  if (positiveShare !== undefined && options.indicator !== "labels")
    throw new Error(
      `Expected --indicator labels with --positive-share, got ${options.indicator}: labels say which frames are positive`,
    );
  const run = openRun(input.run, { stage: "policy", options, datasets }, resume);
  const finished = readResult<PolicyResult>(run);
  if (finished) return finished;
  const data = await openTrainingData(datasets, options.learnFrom);
  try {
    const base = options.from === undefined ? undefined : findCheckpoint(options.from, "last");
    const based = base === undefined ? undefined : await basePolicy(base, data.datasets[0]!, options);
    const robot = based?.robot ?? robotFeatures(data.datasets[0]!, options.cameras, options.absolute);
    for (const dataset of data.datasets) checkFeatures(robot, dataset);
    const backbone = base === undefined ? openBackbone(options, "policy") : undefined;
    const { train, heldOut } = splitEpisodes(data.episodes, options.heldOut, options.seed);
    const all = await trainingSources(data, {
      cameras: robot.cameras,
      imageSize: (based?.config ?? sizes[options.size]).vision.imageSize,
      cache: options.cache,
      ...(options.indicator === "labels" && { labels: await indicatorLabels(data, options.labels) }),
      subtasks: options.subtasks,
      onProgress: onDecode,
    });
    if (options.subtasks && all.every(({ subtasks }) => subtasks.length === 0))
      throw new Error(
        `${datasets.map(({ root }) => root).join(", ")}: expected subtasks in the column language_persistent (rows of style ` +
          '"subtask"), got none: annotate the dataset, or train without --subtasks',
      );
    const sources = whereSomebodyActs(drawingFrom(all, train));
    const pools = positiveShare === undefined ? sources : withPositiveShare(sources, positiveShare);
    const description =
      run.last !== undefined
        ? await readPolicyDescription(findCheckpoint(run.last, "last"))
        : describePolicy(sources, data.tasks, robot, options, based ?? backbone);
    const learner = withSnugPrompts(
      description,
      data.tasks,
      all.flatMap(({ subtasks }) => subtasks),
    );
    const { config } = learner;
    const scope = t.scope();
    const network = initPolicyNetwork(scope, config);
    const { flowWeight, draws, subtasks: learnsText, temperature } = options;
    const weightOf: FrameWeight =
      temperature === undefined ? () => 1 : await advantageWeights(data, options.labels, temperature);
    const samples = policySamples(learner, options.subtasks);
    const validator = heldOut.length > 0 ? policyValidator(learner, all, heldOut, options) : undefined;
    const augmentation = { shift: options.shift, brightness: options.brightness };
    const course = await optimise({
      run,
      options,
      objective: {
        parameters: scope.parameters,
        // Behind the stop-gradient, a backbone learns from text alone.
        ...(config.knowledgeInsulation && !options.fast && !learnsText && { unreached: backboneNames }),
        loss: (batch) => policyLoss(network, batch, { flowWeight, draws, learnsText }),
      },
      initial: async () => {
        if (base !== undefined) return weightsOf(base, description);
        const weights = initialWeights(scope, options.seed);
        return backbone ? backbone.over(weights, learner) : weights;
      },
      loader: (position?: SamplerState) =>
        new BatchLoader(pools, {
          horizon: config.horizon,
          seed: options.seed,
          batchSize: options.batchSize,
          workers: options.workers,
          ...((augmentation.shift > 0 || augmentation.brightness > 0) && { augmentation }),
          ...(position && { state: position }),
        }),
      feeds: (batch, random) => {
        const advantages = advantagesOf(batch, options.indicator).map((advantage) =>
          random.uniform() < options.dropout ? undefined : advantage,
        );
        const said = advantages.map((advantage, at) => {
          const subtask = batch.subtasks[at];
          return { advantage, subtask: subtask && random.uniform() >= options.dropout ? subtask : undefined };
        });
        // A pool's dataset: where positive frames are drawn apart, there are two pools of each.
        const weights = Array.from(batch.source, (source, at) =>
          weightOf(source % sources.length, batch.episodeIndex[at]!, batch.frameIndex[at]!),
        );
        return samples.lossFeeds(batch, said, weights, random, options.draws);
      },
      validate: validator?.validate,
      save: (folder, store, renamed) => saveCheckpoint(folder, description, store, renamed),
      onProgress,
    });
    await validator?.release();
    const last = course.validations.at(-1) ?? null;
    const result: PolicyResult = {
      ...course,
      parameters: t.countParameters(scope.parameters),
      episodes: { train: train.length, heldOut: heldOut.length },
      heldOut: last,
      warnings: [...unlabelledWarning(sources, options), ...warningsOf(last, heldOut.length)],
    };
    writeResult(run, result);
    return result;
  } finally {
    await data.close();
  }
}

const basePolicy = (found: string, dataset: LeRobotDataset, options: PolicyOptions): Promise<BasePolicy> =>
  isForeign(found) ? readPublished(found, dataset, options) : readPolicyDescription(found);

export const initialWeights = (scope: t.Scope, seed: number): Map<string, TensorValue> =>
  scope.initialize(t.random(seed).split("weights"));

/** The weights of a checkpoint. */
export async function weightsOf(
  folder: string,
  description: Parameters<typeof readWeights>[1],
): Promise<Map<string, TensorValue>> {
  const store = t.createStore();
  await readWeights(folder, description, store);
  const weights = await store.readAll();
  store.release();
  return weights;
}

/** The indicator of each dataset's frames, from its labels of a tag. */
async function indicatorLabels(data: TrainingData, tag: string): Promise<FrameLabels[]> {
  const all: FrameLabels[] = [];
  for (const { root, episodes } of data.datasets) {
    const { episode_index, frame_index, advantage } = await readLabels(root, "advantages", tag);
    const starts = new Map<number, number>();
    let total = 0;
    for (const { index, length } of episodes) {
      starts.set(index, total);
      total += length;
    }
    const advantageIndicator = new Int8Array(total).fill(-1);
    for (const [row, label] of advantage.entries())
      advantageIndicator[starts.get(episode_index[row]!)! + frame_index[row]!] = label;
    all.push({ advantageIndicator });
  }
  return all;
}

function unlabelledWarning(sources: readonly BatchSource[], { indicator, labels }: PolicyOptions): string[] {
  const all = sources.flatMap(({ frames, advantageIndicator }) =>
    [...frames].map((frame) => advantageIndicator[frame]),
  );
  const unlabelled = all.filter((label) => label === -1).length;
  if (indicator !== "labels" || unlabelled === 0) return [];
  return [
    `${unlabelled} of ${all.length} training frames have no label "${labels}": their prompts said nothing of the advantage. ` +
      "Label all of them (pistar label).",
  ];
}

function warningsOf(last: Readonly<Record<string, number>> | null, heldOut: number): string[] {
  if (last === null)
    return heldOut === 0 ? ["No episode was held out, so nothing is known of how the policy does on new ones."] : [];
  const [error, trivial] = [last["heldOut/actionError"]!, last["heldOut/repeatLastError"]!];
  return error < trivial
    ? []
    : [
        `On held-out episodes the policy's actions are off by ${error.toPrecision(3)}, no better than repeating the last action ` +
          `(${trivial.toPrecision(3)}): train longer, or on more data.`,
      ];
}
