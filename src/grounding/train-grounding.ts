// Grounding: pre-training of a small network's vision and language. A π0.6 arrives at a robot with much seen and read.
// A small network learns the places of named things from rendered scenes instead. Trainings of policies and value
// functions begin from the result.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import {
  type PolicyConfig,
  policyConfig,
  prefixInputs,
  sizes,
  type TextTokenizer,
  type ValueConfig,
  valueConfig,
} from "../model/index.ts";
import { type Network, openBackbone, saveBackbone } from "../policy/index.ts";
import { so101Joints } from "../robot/index.ts";
import type { Random } from "../system/index.ts";
import { checked, readJsonAs, replaceFile, toJson } from "../system/index.ts";
import type { Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import {
  type Course,
  courseSchema,
  optimise,
  optimiser,
  promptRoom,
  readResult,
  type TrainingControls,
  textTokenizerFor,
  withRunFolder,
  writeResult,
} from "../train/index.ts";
import { type GroundingErrors, groundingErrors, groundingErrorsSchema, type Predictions } from "./errors.ts";
import { groundingFeeds } from "./feeds.ts";
import { groundingLoss } from "./loss.ts";
import { type Grounding, initGrounding, predictScenes } from "./network.ts";
import { SceneLoader } from "./scene-loader.ts";
import type { Scenes } from "./scenes.ts";
import { cameras, instructions } from "./things.ts";

const count = z.int().min(1);

/** Options of a grounding, from which the command's flags come. */
export const groundingOptions = z.object({
  size: z.enum(["nano", "small"]).default("nano").describe("size of the network"),
  from: z
    .string()
    .optional()
    .describe("backbone that goes on learning: nano, pistar's own, or a folder (default: none)"),
  ...optimiser,
  steps: count.default(12000).describe("optimiser steps"),
  learningRate: z.number().gt(0).default(2e-3).describe("highest learning rate, after the warm-up"),
  warmup: z.int().min(0).default(100).describe("steps of linear warm-up; a cosine follows"),
  finalRate: z.number().min(0).max(1).default(0.02).describe("last learning rate, as a share of the highest"),
  weightDecay: z.number().min(0).default(1e-3).describe("of AdamW"),
  validateEvery: count.default(1000).describe("steps between validations, each with a checkpoint"),
  validationScenes: count.default(1000).describe("scenes of a validation, which are not learned from"),
  workers: count.default(2).describe("threads that make scenes"),
});
export type GroundingOptions = z.infer<typeof groundingOptions>;

export interface GroundingInput extends TrainingControls {
  /** The folder of the run. */
  readonly run: string;
  readonly network: Network;
  readonly options?: Partial<GroundingOptions>;
  /** Whether to continue an existing run. */
  readonly resume?: boolean;
}

/** The training's course and its errors on held-out scenes. */
export interface GroundingResult extends Course {
  /** Errors of the last checkpoint. */
  readonly errors: GroundingErrors;
}

const resultSchema: z.ZodType<GroundingResult> = courseSchema.extend({ errors: groundingErrorsSchema });

const errorsFile = "errors.json";
/** Scenes in one pass of validation, at most. */
const judgedAtOnce = 50;

/**
 * Trains one network on scenes and saves its backbone with each checkpoint.
 * @throws Error saying what is wrong with the run or an option
 */
export async function trainGrounding(input: GroundingInput): Promise<GroundingResult> {
  const { network, resume = false, onProgress, signal } = input;
  const options = groundingOptions.parse(input.options ?? {});
  return withRunFolder(input.run, { stage: "grounding", network, options }, resume, async (run) => {
    const finished = readResult(run, resultSchema);
    if (finished) return finished;
    const learned = openBackbone({ backbone: options.from, size: options.size }, network);
    const tokenizer = learned?.tokenizer ?? textTokenizerFor(options.size, [...instructions, ...alsoSaid], undefined);
    const config = configOf(network, options.size, tokenizer);
    const known = { config, tokenizer, stateNames: so101Joints.map(({ name }) => name) };
    const scope = t.scope();
    const grounding = initGrounding(scope, config);
    const scenes = sceneLoaders(config, options);
    const heldOut = await heldOutScenes(scenes, options.validationScenes);
    let errors: GroundingErrors | undefined;

    const course = await optimise<Scenes, number>({
      run,
      options,
      objective: { parameters: scope.parameters, loss: (size) => groundingLoss(grounding, size) },
      initial: async () =>
        new Map([
          ...scope.initialize(t.random(options.seed).split("weights")),
          ...((await learned?.weights(config)) ?? []),
        ]),
      loader: (position) =>
        scenes(
          "learned",
          options.batchSize,
          checked(z.int().min(0).default(0), position, "The saved position of the scenes"),
        ),
      feeds: (batch, random) => {
        const advantages = batch.instructions.map(() => (network === "policy" ? anyAdvantage(random) : undefined));
        return groundingFeeds(config, tokenizer, batch, advantages);
      },
      async validate(store) {
        const predictions = await predict(grounding, tokenizer, store, heldOut, options);
        errors = groundingErrors(heldOut, predictions, config.vision.imageSize);
        return { score: errors.object.median + errors.goal.median, metrics: flat(errors) };
      },
      async save(folder, store, renamed) {
        await saveBackbone(folder, network, known, store, renamed);
        replaceFile(join(folder, errorsFile), toJson(errors ?? null));
      },
      onProgress,
      signal,
    });
    // Read from the checkpoint: a run resumed after its last step validates nothing.
    const result: GroundingResult = {
      ...course,
      errors: readJsonAs(groundingErrorsSchema, join(course.last, errorsFile)),
    };
    writeResult(run, result);
    return result;
  });
}

/** Opens loaders of scenes. Each purpose has scenes of its own. */
const sceneLoaders =
  (config: PolicyConfig | ValueConfig, { seed, workers }: GroundingOptions) =>
  (purpose: "learned" | "held out", batchSize: number, state = 0): SceneLoader =>
    new SceneLoader({
      seed: `grounding/${seed}/${purpose}`,
      batchSize,
      pictureSize: config.vision.imageSize,
      workers,
      state,
    });

/** Batches with at least `count` scenes for validation. */
async function heldOutScenes(open: ReturnType<typeof sceneLoaders>, count: number): Promise<Scenes[]> {
  const batch = Math.min(judgedAtOnce, count);
  const loader = open("held out", batch);
  const batches: Scenes[] = [];
  while (batches.length * batch < count) batches.push(await loader.next());
  await loader.close();
  return batches;
}

/** Sentences for the tokenizer, with words from common instructions. It need not spell those words later. */
const alsoSaid = [
  "pick up the bottle from the table and place it on the left plate",
  "open the top drawer, close the door, move the cup to the right",
  "fold the towel, pour water into a glass, press the yellow button with the left hand",
  "take the box out of the basket and hand it over",
];

function configOf(network: Network, size: "nano" | "small", tokenizer: TextTokenizer): PolicyConfig | ValueConfig {
  const body = { cameras, stateSize: so101Joints.length, actionSize: so101Joints.length };
  const promptTokens = promptRoom(tokenizer, instructions, sizes[size].state, body.stateSize);
  return network === "policy" ? policyConfig(size, body, { promptTokens }) : valueConfig(size, body, { promptTokens });
}

/** The advantage word of a prompt, drawn at random: the network learns the words, but scenes do not depend on them. */
function anyAdvantage(random: Random): "positive" | "negative" | undefined {
  const draw = random.uniform();
  return draw < 0.3 ? undefined : draw < 0.65 ? "positive" : "negative";
}

/** A network's predictions for batches of scenes. */
async function predict(
  grounding: Grounding,
  tokenizer: TextTokenizer,
  store: Store,
  batches: readonly Scenes[],
  { device, threads }: GroundingOptions,
): Promise<Predictions[]> {
  const inputs = prefixInputs(grounding.config, batches[0]!.size);
  const { places, between, turns, spots } = predictScenes(grounding, inputs);
  const given = { store, device, threads: threads ?? availableParallelism() };
  const program = await t.compile({ inputs: inputs.all, outputs: { places, between, turns, spots } }, given);
  const names = inputs.all.map(({ node }) => node.name!);
  const predictions: Predictions[] = [];
  for (const scenes of batches) {
    const feeds = groundingFeeds(grounding.config, tokenizer, scenes);
    const outputs = await program.run(Object.fromEntries(names.map((name) => [name, feeds[name]!])));
    const numbers = (name: keyof Predictions) => outputs[name]!.data as Float32Array;
    predictions.push({
      places: numbers("places"),
      between: numbers("between"),
      turns: numbers("turns"),
      spots: numbers("spots"),
    });
  }
  await program.release();
  return predictions;
}

const flat = ({ object, goal, grasp, between, turn, pixels }: GroundingErrors): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ object, goal, grasp, ...(between && { between }), turn, ...pixels }).map(([name, { median }]) => [
      `heldOut/${name}`,
      median,
    ]),
  );
