// The options of a run of RECAP, as one flat schema. The command's flags, the run's config.json and the report's table follow it.
import * as z from "zod";
import { collectOptions } from "../rollout/index.ts";
import { labelOptions, policyOptions } from "../train/index.ts";
import { controlOptions, controls } from "./extraction/controls.ts";
import { outsideOptions, trainerOptions } from "./outside/options.ts";
import { maxIterations } from "./seeds.ts";

const count = z.int().min(1);
const share = z.number().gt(0).lt(1);
const controlNames = controls.map(({ name }) => name);

export const recapOptions = z.strictObject({
  tasks: z.array(z.string()).min(1).default(["cube-in-bowl"]).describe("tasks to specialise in and improve"),
  pretrainTasks: z
    .array(z.string())
    .default([])
    .describe("tasks whose demonstrations are used for pre-training, in this order; those of --tasks always are"),
  seed: z.int().min(0).default(0).describe("seed of everything that is random in the run"),
  difficulty: collectOptions.shape.difficulty,
  randomise: z.boolean().default(false).describe("vary light and colours from episode to episode"),
  size: z.enum(["nano", "small"]).default("nano").describe("size of the policy and of the value function"),

  backbone: z
    .string()
    .default("nano")
    .describe(
      "pre-trained backbone of the policies: nano (pistar's own, for that size), a folder (see pistar ground), or none",
    ),

  horizon: policyOptions.shape.horizon,

  demonstrations: count.default(20).describe("demonstrations of each task"),
  iterations: z
    .int()
    .min(1)
    .max(maxIterations)
    .default(1)
    .describe("iterations of collecting episodes and improving the policy"),
  autonomous: z.int().min(0).default(30).describe("autonomous episodes per iteration and task"),
  corrected: z.int().min(0).default(120).describe("supervised episodes, with corrections, per iteration and task"),
  evaluation: count.default(100).describe("held-out episodes to evaluate each policy on"),
  workers: count.default(2).describe("threads that run episodes"),
  parallel: count.default(1).describe("tasks to improve side by side after pre-training; they share cores and workers"),

  pretrainSteps: count.default(1600).describe("steps of pre-training the policy"),
  finetuneSteps: count.default(1600).describe("steps of fine-tuning a policy, the same for every arm"),
  valueSteps: count.default(400).describe("steps of pre-training the value function, and of each fine-tuning"),
  valueFolds: z
    .int()
    .min(1)
    .default(1)
    .describe(
      "folds of the episodes; with 2 or more, each fold is labelled by a value function that has not learned from it",
    ),
  valueShift: z
    .int()
    .min(0)
    .default(4)
    .describe("largest random shift of its training pictures, in pixels; keeps it from memorising episodes"),
  batchSize: count.default(32).describe("frames in a batch of the policy"),
  draws: count.default(1).describe("draws of noise and time for each chunk of a batch"),
  learningRate: z.number().gt(0).default(2e-3).describe("peak learning rate of the policy in pre-training"),
  finetuneLearningRate: z.number().gt(0).default(2e-3).describe("peak learning rate of the policy in fine-tuning"),
  fast: z.boolean().default(false).describe("let the policy learn its actions as FAST tokens as well"),

  pretrainPositive: share.default(0.3).describe("share of positive frames in pre-training"),
  positive: share
    .default(0.1)
    .describe(
      "share of positive frames in an iteration, before corrections are added; the paper takes 0.4, or 0.1 to make a reliable policy fast",
    ),
  thresholdFrom: labelOptions.shape.thresholdFrom,
  leastThreshold: labelOptions.shape.leastThreshold,
  takeOver: labelOptions.shape.takeOver,
  lookahead: z.number().gt(0).default(1).describe("lookahead N of the advantages in an iteration, in seconds"),
  dropout: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe("probability to leave the advantage out of a training prompt"),
  positiveShare: share
    .default(0.75)
    .describe("share of positive frames in the batches of an iteration, for policies with the advantage in the prompt"),
  forcePositive: z.boolean().default(true).describe("label corrections positive, whatever their advantage"),
  restart: z
    .enum(["pretrained", "previous"])
    .default("pretrained")
    .describe(
      "checkpoints that an iteration's trainings begin from: the pre-trained ones, or those of the iteration before",
    ),
  ...outsideOptions,
  ...controlOptions,
  controls: z
    .array(z.enum(controlNames as [(typeof controlNames)[number], ...(typeof controlNames)[number][]]))
    .default([])
    .describe(`controls to train and evaluate beside RECAP: ${controlNames.join(", ")}; the flag alone: none`),
});

export type RecapOptions = z.infer<typeof recapOptions>;

/** Options of a run on existing datasets: Algorithm 1's pre-training, which needs no robot. */
export const datasetOptions = recapOptions
  .pick({
    seed: true,
    size: true,
    horizon: true,
    pretrainSteps: true,
    valueSteps: true,
    batchSize: true,
    fast: true,
    pretrainPositive: true,
    dropout: true,
    forcePositive: true,
  })
  .extend({
    pretrainSteps: count.default(4000).describe("steps of training the policy"),
    draws: count.default(2).describe("draws of noise and time for each chunk of a batch"),
    learningRate: z.number().gt(0).default(2e-3).describe("peak learning rate of the policy"),
    backbone: policyOptions.shape.backbone,
    datasets: z.array(z.string()).min(1).describe("folders of LeRobot datasets"),
    lookahead: labelOptions.shape.lookahead,
    rename: labelOptions.shape.rename,
    ...trainerOptions,
  });

export type DatasetOptions = z.infer<typeof datasetOptions>;

/** Named choices of options that differ from the defaults. */
export const presets = {
  quick: {
    about:
      "one task after pre-training on two; RECAP against SFT, filtered cloning and random labels; within 15 minutes on two cores",
    options: {
      tasks: ["cube-in-bowl"],
      pretrainTasks: ["cube-in-bowl", "stack-cubes"],
      controls: ["filtered", "random-labels"],
    },
  },
  full: {
    about:
      "all tasks, two at a time; ten demonstrations of each, two iterations, all controls; about an hour on two cores",
    options: {
      parallel: 2,
      tasks: ["cube-in-bowl", "push-to-target", "stack-cubes", "peg-in-hole"],
      demonstrations: 10,
      iterations: 2,
      corrected: 80,
      pretrainSteps: 4000,
      controls: controlNames.filter((name) => name !== "strict" && name !== "oracle"),
    },
  },
  autonomous: {
    about:
      "all tasks without a supervisor, two at a time: two iterations of 300 autonomous episodes, all controls; hours on two cores",
    options: {
      parallel: 2,
      tasks: ["cube-in-bowl", "push-to-target", "stack-cubes", "peg-in-hole"],
      demonstrations: 10,
      iterations: 2,
      autonomous: 300,
      corrected: 0,
      pretrainSteps: 4000,
      positive: 0.4,
      thresholdFrom: "rollouts",
      leastThreshold: 0,
      lookahead: 3,
      valueFolds: 3,
      dropout: 0.1,
      positiveShare: 0.9,
      controls: ["all-data", "filtered", "awr", "random-labels", "other-episodes", "clock", "strict", "guided"],
    },
  },
} as const satisfies Readonly<
  Record<string, { readonly about: string; readonly options: Partial<z.input<typeof recapOptions>> }>
>;

export type Preset = keyof typeof presets;
