// Trains a value function on the Monte-Carlo returns of whole episodes. Some episodes are held out: they choose the best checkpoint, and the
// value check judges it on them.

import type { BatchSource, SamplerState } from "../data/index.ts";
import { initValueFunction, prefixFeeds, sizes, valueConfig, valueLoss } from "../model/index.ts";
import {
  checkFeatures,
  findCheckpoint,
  fitActionSpace,
  isInFold,
  openBackbone,
  type RobotFeatures,
  readValueDescription,
  readWeights,
  robotFeatures,
  saveCheckpoint,
  stateConverter,
  type TaskScales,
  type ValueDescription,
  valuePrefix,
} from "../policy/index.ts";
import { expectedValues, hardTargets, twoHotTargets, valueBins } from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import type { Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { promptRoom, textTokenizerFor, withSnugPrompts } from "./describe-policy.ts";
import { type Course, optimise, type TrainingControls } from "./engine/optimise.ts";
import { type RunFolder, readResult, withRunFolder, writeResult } from "./engine/run-folder.ts";
import { targetsOfParts, withTakeOvers } from "./episode-parts.ts";
import { type ValueOptions, valueOptions } from "./options.ts";
import { valueResultSchema } from "./result-schemas.ts";
import { startingWeights, trainingBatches, type WeightsStart } from "./start.ts";
import {
  drawingFrom,
  type EpisodeSplit,
  openTrainingData,
  splitEpisodes,
  spreadFrames,
  type TrainingData,
  type TrainingDataset,
  type TrainingEpisode,
  trainingSources,
} from "./training-data.ts";
import { type Judged, meanReturnByTime, middle, type ValueCheck, valueCheck } from "./value-check.ts";
import { createValueJudge, crossEntropies, type ValueJudge } from "./value-judge.ts";
import { valuesOf } from "./value-source.ts";
import { returnLabels, scaleOf, scalesByTask, type ValuedFrame, valuedFrames } from "./value-targets.ts";

export interface TrainValueInput extends TrainingControls {
  /** The folder of the run. */
  readonly run: string;
  readonly datasets: readonly TrainingDataset[];
  readonly options?: Partial<ValueOptions>;
  /** Whether to go on with an existing run. */
  readonly resume?: boolean;
  /** Called while pictures are decoded, before the training. */
  readonly onDecode?: (done: number, total: number) => void;
}

export interface ValueResult extends Course {
  readonly parameters: number;
  readonly episodes: { readonly train: number; readonly heldOut: number };
  /** Of the best checkpoint; null if no episode was held out. */
  readonly check: ValueCheck | null;
  readonly warnings: readonly string[];
}

/**
 * Trains a value function, or continues its training.
 * @throws Error saying what is wrong with the run, the data or an option
 */
export async function trainValue(input: TrainValueInput): Promise<ValueResult> {
  const { datasets, resume = false, onDecode } = input;
  const options = valueOptions.parse(input.options ?? {});
  return withRunFolder(input.run, { stage: "value", options, datasets }, resume, async (run) => {
    const finished = readResult(run, valueResultSchema);
    if (finished) return finished;
    const opened = await openTrainingData(datasets, "all", options.rename);
    try {
      const data = options.takeOver === "goes-on" ? opened : await withTakeOvers(opened);
      const prepared = await prepareValue(data, run, options, onDecode);
      const { train, heldOut } = prepared;
      const [course, parameters] = await optimiseValue(run, options, prepared, input);
      const check = heldOut.length > 0 ? await checkBest(course.best, prepared, options) : null;
      const result: ValueResult = {
        ...course,
        parameters,
        episodes: { train: train.length, heldOut: heldOut.length },
        check,
        warnings: check?.warnings ?? ["No episode was held out, so nothing is known of how it values new ones."],
      };
      writeResult(run, result);
      return result;
    } finally {
      await opened.close();
    }
  });
}

/** The preparation of a training's first step. */
interface Prepared extends WeightsStart<ValueDescription>, EpisodeSplit {
  /** All frames of the datasets with their targets, for validation, and the frames to train on. */
  readonly all: readonly BatchSource[];
  readonly sources: readonly BatchSource[];
  /** Of each episode's frames, [length]. */
  readonly targets: ReadonlyMap<TrainingEpisode, Float64Array>;
}

async function prepareValue(
  data: TrainingData,
  { last }: RunFolder,
  options: ValueOptions,
  onDecode: TrainValueInput["onDecode"],
): Promise<Prepared> {
  const base = options.from === undefined ? undefined : findCheckpoint(options.from, "best");
  const based = base === undefined ? undefined : await readValueDescription(base);
  const robot = based?.robot ?? robotFeatures(data.datasets[0]!, options.cameras);
  for (const dataset of data.datasets) checkFeatures(robot, dataset);
  const { failureCost } = options;
  const scaling = { bins: based?.config.bins ?? valueBins, ...(failureCost !== undefined && { failureCost }) };
  const taskScales = scalesByTask(data.episodes, scaling, based?.taskScales);
  const backbone = base === undefined ? openBackbone(options, "value") : undefined;
  const split = splitOf(data.episodes, options);
  const targets = await targetsOfEpisodes(data, taskScales, options);
  const all = await trainingSources(data, {
    cameras: robot.cameras,
    imageSize: (based?.config ?? sizes[options.size].value).vision.imageSize,
    cache: options.cache,
    labels: returnLabels(data, (episode) => targets.get(episode)!),
    onProgress: onDecode,
  });
  const sources = drawingFrom(all, split.train);
  const description =
    last !== undefined
      ? await readValueDescription(findCheckpoint(last, "last"))
      : { ...describeValue(sources, data, robot, options, based ?? backbone), taskScales, fold: options.fold };
  const learner = withSnugPrompts(description, data.tasks);
  return { base, backbone, description, learner, all, sources, targets, ...split };
}

/** The targets of each episode. Where a take-over cuts returns off, the checkpoint to fine-tune gives the values that stand for the rest. */
async function targetsOfEpisodes(
  data: TrainingData,
  scales: TaskScales,
  options: ValueOptions,
): Promise<Map<TrainingEpisode, Float64Array>> {
  const { takeOver, from } = options;
  if (takeOver === "bootstrap" && from === undefined)
    throw new PistarError(
      "bad-option",
      "Expected --from with --take-over bootstrap: its values stand for what follows a take-over, got none",
    );
  const values =
    takeOver === "bootstrap"
      ? await valuesOf(findCheckpoint(from!, "best"), data, data.episodes, options, {})
      : undefined;
  return new Map(
    data.episodes.map((episode, at) => [
      episode,
      targetsOfParts(episode, scaleOf(scales, episode.task), takeOver, (frame) => values![at]![frame]!),
    ]),
  );
}

/** The episodes to learn from and those held out: a fold, or a random share. */
function splitOf(
  episodes: readonly TrainingEpisode[],
  { fold, heldOut, seed }: Pick<ValueOptions, "fold" | "heldOut" | "seed">,
): EpisodeSplit {
  if (fold === undefined) return splitEpisodes(episodes, heldOut, seed);
  const [train, held] = [false, true].map((inFold) => episodes.filter((one) => isInFold(one, fold) === inFold));
  if (train!.length === 0 || held!.length === 0)
    throw new PistarError(
      "bad-option",
      `Expected episodes within and outside fold ${fold}, got ${held!.length} and ${train!.length}: use fewer folds`,
    );
  return { train: train!, heldOut: held! };
}

/** Takes the steps. @returns their course, and the number of parameters */
async function optimiseValue(
  run: RunFolder,
  options: ValueOptions,
  prepared: Prepared,
  { onProgress, signal }: TrainingControls,
): Promise<[Course, number]> {
  const { all, sources, heldOut, description, learner } = prepared;
  const { config } = learner;
  const scope = t.scope();
  const network = initValueFunction(scope, config);
  const converter = stateConverter(description);
  const validator = heldOut.length > 0 ? valueValidator(learner, all, heldOut, options) : undefined;
  const course = await optimise({
    run,
    options,
    objective: { parameters: scope.parameters, loss: (batch) => valueLoss(network, batch) },
    initial: () => startingWeights(scope, prepared, options.seed),
    loader: (position?: SamplerState) => trainingBatches(sources, 1, options, position),
    feeds: (batch) => ({
      ...prefixFeeds(config, valuePrefix(learner, converter, batch)),
      target: targetsOf(batch.return, config.bins, options.targets),
      weights: new Float32Array(batch.size).fill(1),
    }),
    validate: validator?.validate,
    save: (folder, store, renamed) => saveCheckpoint(folder, description, store, renamed),
    onProgress,
    signal,
  });
  await validator?.release();
  return [course, t.countParameters(scope.parameters)];
}

/** The network: the checkpoint's, or a new one made from the data. */
function describeValue(
  sources: readonly BatchSource[],
  { tasks }: TrainingData,
  robot: RobotFeatures,
  options: ValueOptions,
  base: Partial<ValueDescription> | undefined,
): Omit<ValueDescription, "taskScales" | "fold"> {
  const tokenizer = base?.tokenizer ?? textTokenizerFor(options.size, tasks, options.tokenizer);
  const stateSize = robot.stateNames.length;
  const config = base?.config ?? valueConfig(options.size, { cameras: Object.keys(robot.cameras), stateSize });
  const room = promptRoom(tokenizer, tasks, config.state, stateSize);
  return {
    config: { ...config, promptTokens: Math.max(config.promptTokens, room) },
    robot,
    space: base?.space ?? fitActionSpace(sources, 1, robot.deltaActions, options.normalization),
    tokenizer,
  };
}

/** Target distributions over the bins, [N, bins]. */
function targetsOf(values: Float32Array, bins: number, kind: ValueOptions["targets"]): Float32Array {
  if (kind === "two-hot") return twoHotTargets(values, bins);
  const targets = new Float32Array(values.length * bins);
  for (const [row, bin] of hardTargets(values, bins).entries()) targets[row * bins + bin] = 1;
  return targets;
}

/** Validates by cross-entropy and error on frames spread over the held-out episodes. */
function valueValidator(
  description: ValueDescription,
  sources: readonly BatchSource[],
  episodes: readonly TrainingEpisode[],
  options: ValueOptions,
) {
  const frames = valuedFrames(sources, episodes, spreadFrames(episodes, options.validationFrames));
  let judge: ValueJudge | undefined;
  return {
    async validate(store: Store) {
      judge ??= await createValueJudge(description, store, sources, options);
      const judged = await judgeFrames(judge, frames, description.config.bins, options.targets);
      const mean = (of: (one: Judged) => number) => judged.reduce((sum, one) => sum + of(one), 0) / judged.length;
      const score = mean(({ crossEntropy }) => crossEntropy);
      const error = mean(({ value, target }) => Math.abs(value - target));
      return { score, metrics: { "heldOut/crossEntropy": score, "heldOut/error": error } };
    },
    release: async () => judge?.release(),
  };
}

async function judgeFrames(
  judge: ValueJudge,
  frames: readonly ValuedFrame[],
  bins: number,
  targets: ValueOptions["targets"],
): Promise<Judged[]> {
  const distributions = await judge.distributions(frames.map(({ sample }) => sample));
  const values = expectedValues(distributions, bins);
  const wanted = targetsOf(
    Float32Array.from(frames, ({ target }) => target),
    bins,
    targets,
  );
  const losses = crossEntropies(distributions, wanted, bins);
  return frames.map(({ episode, frame, target }, at) => ({
    episode,
    frame,
    target,
    value: values[at]!,
    crossEntropy: losses[at]!,
  }));
}

/** Judges a checkpoint on held-out episodes and on as many frames of training episodes. */
async function checkBest(
  folder: string,
  { description, all, train, heldOut, targets }: Prepared,
  options: ValueOptions,
): Promise<ValueCheck> {
  const store = t.createStore();
  await readWeights(folder, description, store);
  const judge = await createValueJudge(description, store, all, options);
  const { bins } = description.config;
  const judged = (episodes: readonly TrainingEpisode[]) => {
    const spread = spreadFrames(episodes, options.validationFrames);
    const middles = episodes.map((episode, at): [number, number] => [at, middle(episode)]);
    const frames = [
      ...spread,
      ...middles.filter(([at, f]) => !spread.some((known) => known[0] === at && known[1] === f)),
    ];
    return judgeFrames(judge, valuedFrames(all, episodes, frames), bins, options.targets);
  };
  const trained = await judged(
    t
      .random(options.seed)
      .split("check")
      .shuffle(train)
      .slice(0, options.validationFrames / 4),
  );
  const held = await judged(heldOut);
  await judge.release();
  store.release();
  const baseline = meanReturnByTime(train, (episode) => targets.get(episode)!);
  return valueCheck(trained, held, baseline);
}
