// What a run of RECAP does: one flat schema from which the command's flags, the run folder's config.json and the report's table come.
import * as z from "zod";
import { collectOptions } from "../rollout/index.ts";
import { labelOptions, policyOptions } from "../train/index.ts";
import { controlOptions, controls } from "./extraction/controls.ts";
import { maxIterations } from "./seeds.ts";

const count = z.int().min(1);
const share = z.number().gt(0).lt(1);
const controlNames = controls.map(({ name }) => name);

export const recapOptions = z.strictObject({
  tasks: z.array(z.string()).min(1).default(["cube-in-bowl"]).describe("tasks to specialise in and improve"),
  pretrainTasks: z
    .array(z.string())
    .default([])
    .describe("tasks whose demonstrations are pre-trained on, in this order; those of --tasks always are"),
  seed: z.int().min(0).default(0).describe("decides everything that is random in the run"),
  difficulty: collectOptions.shape.difficulty,
  randomise: z.boolean().default(false).describe("vary light and colours from episode to episode"),
  size: z.enum(["nano", "small"]).default("nano").describe("size of the policy and of the value function"),

  backbone: z
    .string()
    .default("nano")
    .describe(
      "backbone that policies begin from: nano, pistar's own for that size, a folder (see pistar ground), or none",
    ),

  horizon: policyOptions.shape.horizon,

  demonstrations: count.default(20).describe("demonstrations of each task"),
  iterations: z.int().min(1).max(maxIterations).default(1).describe("times that the policy collects and is improved"),
  autonomous: z.int().min(0).default(30).describe("autonomous episodes per iteration and task"),
  corrected: z.int().min(0).default(120).describe("supervised episodes, with corrections, per iteration and task"),
  evaluation: count.default(100).describe("held-out episodes that each policy is evaluated on"),
  workers: count.default(2).describe("threads that run episodes"),
  parallel: count
    .default(1)
    .describe("tasks improved side by side after pre-training, each with its share of the cores and workers"),

  pretrainSteps: count.default(1600).describe("steps of pre-training the policy"),
  finetuneSteps: count.default(1600).describe("steps of fine-tuning a policy, the same for every arm"),
  valueSteps: count.default(400).describe("steps of pre-training and of fine-tuning the value function"),
  valueShift: z
    .int()
    .min(0)
    .default(4)
    .describe("pixels by which its training pictures are shifted at most, lest it learn episodes by heart"),
  batchSize: count.default(32).describe("frames in a batch of the policy"),
  draws: count.default(1).describe("draws of noise and time for every chunk of a batch"),
  learningRate: z.number().gt(0).default(2e-3).describe("highest learning rate of the policy in pre-training"),
  finetuneLearningRate: z.number().gt(0).default(2e-3).describe("highest learning rate of the policy in fine-tuning"),
  fast: z.boolean().default(false).describe("let the policy learn its actions as FAST tokens too"),

  pretrainPositive: share.default(0.3).describe("share of frames that become positive in pre-training"),
  positive: share
    .default(0.1)
    .describe(
      "the same per iteration, with corrections on top; the paper's is 0.4, or 0.1 to make a reliable policy fast",
    ),
  lookahead: z.number().gt(0).default(1).describe("N of the advantages of an iteration, in seconds"),
  dropout: z.number().min(0).max(1).default(0.3).describe("probability that the word is left out of a training prompt"),
  positiveShare: share
    .default(0.75)
    .describe("share of positive frames in an iteration's batches, of policies that have the word"),
  forcePositive: z.boolean().default(true).describe("label corrections positive whatever their advantage"),
  restart: z
    .enum(["pretrained", "previous"])
    .default("pretrained")
    .describe(
      "what an iteration's trainings begin from: the pre-trained checkpoints, or those of the iteration before",
    ),
  ...controlOptions,
  controls: z
    .array(z.enum(controlNames as [(typeof controlNames)[number], ...(typeof controlNames)[number][]]))
    .default([])
    .describe(`policies trained and evaluated beside RECAP: ${controlNames.join(", ")}; the flag alone: none`),
});

export type RecapOptions = z.infer<typeof recapOptions>;

/** Those of a run on existing datasets: Algorithm 1's pre-training, which needs no robot. */
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
    draws: count.default(2).describe("draws of noise and time for every chunk of a batch"),
    learningRate: z.number().gt(0).default(2e-3).describe("highest learning rate of the policy"),
    backbone: policyOptions.shape.backbone,
    datasets: z.array(z.string()).min(1).describe("folders of LeRobot datasets"),
    lookahead: labelOptions.shape.lookahead,
  });

export type DatasetOptions = z.infer<typeof datasetOptions>;

/** Options that differ from the defaults, and what for. */
export const presets = {
  quick: {
    about:
      "one task after pre-training on two, SFT from few demonstrations against RECAP; within 15 minutes on two cores",
    options: {
      tasks: ["cube-in-bowl"],
      pretrainTasks: ["cube-in-bowl", "stack-cubes"],
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
      controls: [...controlNames],
    },
  },
} as const satisfies Readonly<
  Record<string, { readonly about: string; readonly options: Partial<z.input<typeof recapOptions>> }>
>;

export type Preset = keyof typeof presets;
