// The options of each stage: flat schemas with defaults and descriptions, from which the commands' flags and a run's config.json come.
import * as z from "zod";
import { episodeChoices } from "./training-data.ts";

const count = z.int().min(1);
const share = z.number().min(0).max(1);

/** How parameters are found, whatever is trained. */
export const optimiser = {
  steps: count.default(2000).describe("optimiser steps"),
  batchSize: count.default(32).describe("samples per step"),
  learningRate: z.number().gt(0).default(1e-3).describe("highest learning rate, after the warm-up"),
  warmup: z.int().min(0).default(50).describe("steps of linear warm-up; a cosine follows"),
  finalRate: share.default(0.05).describe("last learning rate, as a share of the highest"),
  weightDecay: z.number().min(0).default(0.01).describe("of AdamW"),
  maxNorm: z.number().gt(0).default(1).describe("gradients with a larger norm are scaled down to it"),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .default(0.99)
    .describe("decay of the weights' moving average, which is what is saved; 0: none"),
  validateEvery: count.default(250).describe("steps between validations, each with a checkpoint"),
  seed: z.int().min(0).default(0).describe("decides everything that is random"),
  device: z.enum(["cpu", "webgpu", "cuda"]).default("cpu").describe("where to compute"),
  threads: count.optional().describe("CPU threads (default: all cores); as many give the same numbers"),
};
export type OptimiserOptions = z.infer<z.ZodObject<typeof optimiser>>;

/** What both trainings have in common. */
const common = {
  size: z.enum(["nano", "small", "pi05", "pi06"]).default("nano").describe("size of the network; ignored with --from"),
  backbone: z
    .string()
    .optional()
    .describe(
      "backbone that has learned to see before, to begin from without --from: a folder (see pistar ground), nano, pistar's own for a " +
        "policy of that size, or none (default). It learns no more of the flow loss: try it with --no-fast",
    ),
  from: z.string().optional().describe("checkpoint to fine-tune: a run, a checkpoint or a pretrained_model folder"),
  tokenizer: z
    .string()
    .optional()
    .describe("tokenizer.json of PaliGemma or Gemma: for pi05 and pi06 trained from nothing, and for a published π0.5"),
  cameras: z.array(z.string()).optional().describe("cameras to look through (default: all of the dataset)"),
  normalization: z
    .enum(["quantiles", "mean_std"])
    .default("quantiles")
    .describe("how states and actions are scaled; a checkpoint's own is kept with --from"),
  ...optimiser,
  heldOut: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe("share of the episodes, spread over the tasks, that are not trained on"),
  validationFrames: count.default(256).describe("held-out frames of a validation"),
  shift: z.int().min(0).default(0).describe("pixels by which training pictures are shifted at most"),
  brightness: share.default(0.15).describe("share by which their brightness is changed at most"),
  workers: z.int().min(0).default(1).describe("threads that put batches together"),
  cache: z.string().optional().describe("folder of decoded pictures (default: pistar's, in the user's cache folder)"),
};

export const policyOptions = z.strictObject({
  ...common,
  horizon: count.optional().describe("steps of an action chunk (default: the size's)"),
  advantageIndicator: z
    .enum(["labels", "positive", "none"])
    .default("none")
    .describe("the prompt's advantage: by the labels, always positive (supervised fine-tuning), or left out"),
  labels: z
    .string()
    .default("default")
    .describe("tag of the labels, for --advantage-indicator labels and --temperature"),
  temperature: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "advantage-weighted regression: frames count by exp(advantage / temperature), at most 20 (default: all alike)",
    ),
  learnFrom: z
    .enum(episodeChoices)
    .default("all")
    .describe(
      "episodes to learn from: all, demonstrations (in which no policy acted), successes (filtered cloning), or uncorrected (no supervisor watched)",
    ),
  dropout: share
    .default(0.3)
    .describe("probability that the advantage, and the subtask, is left out of a training prompt"),
  positiveShare: share
    .optional()
    .describe("share of a training's frames that are positive by the labels (default: as many as there are)"),
  fast: z.boolean().default(true).describe("learn the actions as FAST tokens too"),
  subtasks: z
    .boolean()
    .default(false)
    .describe("learn to write each frame's subtask (LeRobot's column language_persistent), and to act by it"),
  flowWeight: z.number().gt(0).default(1).describe("α: of the flow loss beside that of the FAST tokens"),
  draws: count.default(4).describe("draws of noise and time for each chunk: a steadier flow loss for little"),
  absolute: z
    .array(z.string())
    .default(["gripper*"])
    .describe("actions learned as they are (* stands for any characters); the others relative to the state"),
  denoisingSteps: count.default(5).describe("Euler steps with which validation samples chunks"),
});
export type PolicyOptions = z.infer<typeof policyOptions>;

export const valueOptions = z.strictObject({
  ...common,
  steps: count.default(600).describe("optimiser steps"),
  learningRate: z.number().gt(0).default(1e-3).describe("highest learning rate, after the warm-up"),
  weightDecay: z.number().min(0).default(0.05).describe("of AdamW"),
  heldOut: z
    .number()
    .min(0)
    .lt(1)
    .default(0.15)
    .describe("share of the episodes, spread over the tasks, that are not trained on"),
  validateEvery: count.default(50).describe("steps between validations, each with a checkpoint"),
  validationFrames: count.default(512).describe("held-out frames of a validation"),
  targets: z
    .enum(["two-hot", "hard"])
    .default("two-hot")
    .describe("a return's class: shared between the two bins around it, or the nearest"),
  failureCost: z
    .number()
    .gt(0)
    .optional()
    .describe("C_fail in steps (default: a little more than the task's longest episode)"),
});
export type ValueOptions = z.infer<typeof valueOptions>;

export const labelOptions = z.strictObject({
  positiveFraction: share
    .default(0.3)
    .describe("share of each task's frames that become positive; about 0.3 before and 0.4 after the first iteration"),
  lookahead: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "N of the advantages in seconds, about 1 for fine-tuning (default: to the episode's end, for pre-training)",
    ),
  forceInterventions: z.boolean().default(true).describe("label what a person did positive whatever its advantage"),
  tag: z.string().default("default").describe("name of the labels"),
  batchSize: count.default(32).describe("frames at once"),
  device: common.device,
  threads: common.threads,
  cache: common.cache,
});
export type LabelOptions = z.infer<typeof labelOptions>;
