// Trains a policy by the flow loss of its action expert and the cross-entropy of FAST tokens. With labels, each prompt says the advantage
// indicator (π*0.6, arXiv 2511.14759, sections IV-B and V).
import type { BatchSource, LeRobotDataset, SamplerState } from "../data/index.ts";
import { initPolicyNetwork, policyLoss, sizes } from "../model/index.ts";
import {
  type BasePolicy,
  backboneNames,
  checkFeatures,
  findCheckpoint,
  isForeign,
  openBackbone,
  type PolicyDescription,
  type RobotFeatures,
  readPolicyDescription,
  readPublished,
  robotFeatures,
  saveCheckpoint,
  unitsOfDataset,
} from "../policy/index.ts";
import type { Unit } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import * as t from "../tensor/index.ts";
import { readAdvantageIndicators, trainingConditions, unlabelledWarning } from "./advantage-indicators.ts";
import { batchWeights } from "./advantage-weights.ts";
import { describePolicy, withSnugPrompts } from "./describe-policy.ts";
import { type Course, optimise, type TrainingControls } from "./engine/optimise.ts";
import { type RunFolder, readResult, withRunFolder, writeResult } from "./engine/run-folder.ts";
import { type PolicyOptions, policyOptions } from "./options.ts";
import { policySamples } from "./policy-samples.ts";
import { policyValidator } from "./policy-validation.ts";
import { withPositiveShare } from "./positive-share.ts";
import { policyResultSchema } from "./result-schemas.ts";
import { startingWeights, trainingBatches, type WeightsStart } from "./start.ts";
import {
  drawingFrom,
  type EpisodeSplit,
  openTrainingData,
  splitEpisodes,
  type TrainingData,
  type TrainingDataset,
  trainingSources,
  whereSomebodyActs,
} from "./training-data.ts";

export interface TrainPolicyInput extends TrainingControls {
  /** The folder of the run. */
  readonly run: string;
  readonly datasets: readonly TrainingDataset[];
  readonly options?: Partial<PolicyOptions>;
  /** Whether to go on with an existing run. */
  readonly resume?: boolean;
  /** Called while pictures are decoded, before the training. */
  readonly onDecode?: (done: number, total: number) => void;
}

export interface PolicyResult extends Course {
  readonly parameters: number;
  readonly episodes: { readonly train: number; readonly heldOut: number };
  /** On held-out episodes at the end: losses, the error of sampled chunks, and the error of repeating the last action. */
  readonly heldOut: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
}

/**
 * Trains a policy, or continues its training.
 * @throws Error saying what is wrong with the run, the data or an option
 */
export async function trainPolicy(input: TrainPolicyInput): Promise<PolicyResult> {
  const { datasets, resume = false, onDecode } = input;
  const options = policyOptions.parse(input.options ?? {});
  if (options.positiveShare !== undefined && options.advantageIndicator !== "labels")
    throw new PistarError(
      "bad-option",
      `Expected --advantage-indicator labels with --positive-share, got ${options.advantageIndicator}: labels say which frames are positive`,
    );
  return withRunFolder(input.run, { stage: "policy", options, datasets }, resume, async (run) => {
    const finished = readResult(run, policyResultSchema);
    if (finished) return finished;
    const data = await openTrainingData(datasets, options.learnFrom, options.rename);
    try {
      const prepared = await preparePolicy(data, run, options, onDecode);
      const { sources, train, heldOut } = prepared;
      const [course, parameters] = await optimisePolicy(data, run, options, prepared, input);
      const last = course.validations.at(-1) ?? null;
      const result: PolicyResult = {
        ...course,
        parameters,
        episodes: { train: train.length, heldOut: heldOut.length },
        heldOut: last,
        warnings: [...unlabelledWarning(sources, options), ...warningsOf(last, heldOut.length)],
      };
      writeResult(run, result);
      return result;
    } finally {
      await data.close();
    }
  });
}

/** The preparation of a training's first step. */
interface Prepared extends WeightsStart<PolicyDescription>, EpisodeSplit {
  /** All frames of the datasets, for validation, and the frames to train on. */
  readonly all: readonly BatchSource[];
  readonly sources: readonly BatchSource[];
}

/** The robot's features, as the datasets tell them. @throws PistarError wrong-layout if their units differ */
async function described(datasets: TrainingData["datasets"], options: PolicyOptions): Promise<RobotFeatures> {
  const robot = robotFeatures(datasets[0]!, options.cameras, options.absolute);
  let known: Unit | undefined;
  for (const dataset of datasets) {
    const unit = await unitsOfDataset(dataset, robot.stateNames, options.units);
    if (known && unit && unit !== known)
      throw new PistarError(
        "wrong-layout",
        `${dataset.root}: expected body joints that are ${known}, as in the datasets before it, got ${unit}`,
        { path: dataset.root },
      );
    known ??= unit;
  }
  return { ...robot, ...(known && { units: known }) };
}

async function preparePolicy(
  data: TrainingData,
  { last }: RunFolder,
  options: PolicyOptions,
  onDecode: TrainPolicyInput["onDecode"],
): Promise<Prepared> {
  const base = options.from === undefined ? undefined : findCheckpoint(options.from, "last");
  const based = base === undefined ? undefined : await basePolicy(base, data.datasets[0]!, options);
  const robot = based?.robot ?? (await described(data.datasets, options));
  for (const dataset of data.datasets) checkFeatures(robot, dataset);
  const backbone = base === undefined ? openBackbone(options, "policy") : undefined;
  const split = splitEpisodes(data.episodes, options.heldOut, options.seed);
  const all = await trainingSources(data, {
    cameras: robot.cameras,
    imageSize: (based?.config ?? sizes[options.size]).vision.imageSize,
    cache: options.cache,
    ...(options.advantageIndicator === "labels" && { labels: await readAdvantageIndicators(data, options.labels) }),
    subtasks: options.subtasks,
    onProgress: onDecode,
  });
  const subtasks = all.flatMap((source) => source.subtasks);
  if (options.subtasks && subtasks.length === 0)
    throw new PistarError(
      "wrong-layout",
      `${data.given.map(({ root }) => root).join(", ")}: expected subtasks in the column language_persistent (rows of style ` +
        '"subtask"), got none: annotate the dataset, or train without --subtasks',
    );
  const sources = whereSomebodyActs(drawingFrom(all, split.train));
  const description =
    last !== undefined
      ? await readPolicyDescription(findCheckpoint(last, "last"))
      : describePolicy(sources, data.tasks, robot, options, based ?? backbone);
  if (options.simulatedDelay >= description.config.horizon)
    throw new PistarError(
      "bad-option",
      `Expected a --simulated-delay below the chunk's ${description.config.horizon} steps, got ${options.simulatedDelay}: some must be left to learn`,
    );
  const learner = withSnugPrompts(description, data.tasks, subtasks);
  return { base, backbone, description, learner, all, sources, ...split };
}

/** Takes the steps. @returns their course, and the number of parameters */
async function optimisePolicy(
  data: TrainingData,
  run: RunFolder,
  options: PolicyOptions,
  prepared: Prepared,
  { onProgress, signal }: TrainingControls,
): Promise<[Course, number]> {
  const { all, sources, heldOut, description, learner } = prepared;
  const { flowWeight, draws, subtasks: learnsText, positiveShare, simulatedDelay } = options;
  const { config } = learner;
  const scope = t.scope();
  const network = initPolicyNetwork(scope, config);
  const shared = positiveShare === undefined ? undefined : withPositiveShare(sources, positiveShare, options.dropout);
  const weightsOf = await batchWeights(data, options);
  const samples = policySamples(learner, learnsText);
  const validator = heldOut.length > 0 ? policyValidator(learner, all, heldOut, options) : undefined;
  const course = await optimise({
    run,
    options,
    objective: {
      parameters: scope.parameters,
      // Behind the stop-gradient, a backbone learns only from text.
      ...(config.knowledgeInsulation && !options.fast && !learnsText && { unreached: backboneNames }),
      loss: (batch) => policyLoss(network, batch, { flowWeight, draws, learnsText, givesSteps: simulatedDelay > 0 }),
    },
    initial: () => startingWeights(scope, prepared, options.seed),
    loader: (position?: SamplerState) => trainingBatches(shared?.sources ?? sources, config.horizon, options, position),
    feeds: (batch, random) => {
      const conditions = trainingConditions(batch, options, random, shared?.saysIndicator(batch));
      return samples.lossFeeds(batch, conditions, weightsOf(batch), random, draws, simulatedDelay);
    },
    validate: validator?.validate,
    save: (folder, store, renamed) => saveCheckpoint(folder, description, store, renamed),
    onProgress,
    signal,
  });
  await validator?.release();
  return [course, t.countParameters(scope.parameters)];
}

const basePolicy = (found: string, dataset: LeRobotDataset, options: PolicyOptions): Promise<BasePolicy> =>
  isForeign(found) ? readPublished(found, dataset, options) : readPolicyDescription(found);

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
