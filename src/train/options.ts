// The options of training and labelling: flat schemas with defaults and descriptions. The commands' flags and a run's config.json follow them.
import * as z from "zod";
import { foldSchema } from "../policy/index.ts";
import { units } from "../robot/index.ts";
import { takeOverMeanings } from "./episode-parts.ts";
import { episodeChoices } from "./training-data.ts";

const count = z.int().min(1);
const share = z.number().min(0).max(1);

/** Of the optimiser, for every training. */
export const optimiser = {
  steps: count.default(2000).describe("optimiser steps"),
  batchSize: count.default(32).describe("samples per step"),
  learningRate: z.number().gt(0).default(1e-3).describe("peak learning rate, after the warm-up"),
  warmup: z.int().min(0).default(50).describe("steps of linear warm-up, before a cosine decay"),
  finalRate: share.default(0.05).describe("last learning rate, as a share of the peak"),
  weightDecay: z.number().min(0).default(0.01).describe("weight decay of AdamW"),
  maxNorm: z.number().gt(0).default(1).describe("largest norm of a gradient; larger ones are scaled down to it"),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .default(0.99)
    .describe("decay of the moving average of the weights; checkpoints hold the average (0: no average)"),
  validateEvery: count.default(250).describe("steps between validations; each writes a checkpoint"),
  seed: z.int().min(0).default(0).describe("seed of everything that is random"),
  device: z.enum(["cpu", "webgpu", "cuda"]).default("cpu").describe("device to compute on"),
  threads: count
    .optional()
    .describe("CPU threads (default: all cores); results repeat with the same number of threads"),
};
export type OptimiserOptions = z.infer<z.ZodObject<typeof optimiser>>;

/** Of everything that reads datasets. openpi's names need none: they are known. */
const rename = z
  .array(z.string())
  .optional()
  .describe("stored=name: read columns of the datasets under other names, such as joints=observation.state");

/** Of both trainings. */
const common = {
  size: z.enum(["nano", "small", "pi05", "pi06"]).default("nano").describe("size of the network; ignored with --from"),
  backbone: z
    .string()
    .optional()
    .describe(
      "pre-trained backbone to begin from, if there is no --from: a folder (see pistar ground), nano (pistar's own, for a policy of that " +
        "size), a folder of Gemma 3 or PaliGemma as published, or none (default). The flow loss does not change it; use it with --no-fast",
    ),
  vision: z
    .string()
    .optional()
    .describe("SigLIP's folder as published: the eyes of a --backbone that reads text alone, such as Gemma 3 270M"),
  from: z.string().optional().describe("checkpoint to fine-tune: a run, a checkpoint or a pretrained_model folder"),
  tokenizer: z
    .string()
    .optional()
    .describe(
      "tokenizer.json of PaliGemma or Gemma; needed to train pi05 and pi06 from scratch, and for a published π0.5",
    ),
  cameras: z.array(z.string()).optional().describe("cameras to use (default: all of the dataset)"),
  rename,
  normalization: z
    .enum(["quantiles", "mean_std"])
    .default("quantiles")
    .describe("scaling of states and actions; --from keeps the checkpoint's"),
  ...optimiser,
  heldOut: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe("share of the episodes to hold out for validation, spread over the tasks"),
  validationFrames: count.default(256).describe("held-out frames in a validation"),
  shift: z.int().min(0).default(0).describe("largest random shift of training pictures, in pixels"),
  brightness: share.default(0.15).describe("largest random change of their brightness, as a share"),
  workers: z.int().min(0).default(1).describe("threads that assemble batches"),
  cache: z.string().optional().describe("folder of decoded pictures (default: pistar in the user's cache folder)"),
};

export const policyOptions = z.strictObject({
  ...common,
  horizon: count.optional().describe("steps of an action chunk (default: the size's)"),
  advantageIndicator: z
    .enum(["labels", "positive", "none"])
    .default("none")
    .describe("advantage in the prompt: by the labels, always positive (supervised fine-tuning), or none"),
  labels: z
    .string()
    .default("default")
    .describe("tag of the labels, for --advantage-indicator labels and --temperature"),
  temperature: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "advantage-weighted regression: weight frames by exp(advantage / temperature), at most 20 (default: no weights)",
    ),
  learnFrom: z
    .enum(episodeChoices)
    .default("all")
    .describe(
      "episodes to learn from: all, demonstrations (no policy acted), successes (filtered cloning), uncorrected (no supervisor watched), or uncorrected-successes",
    ),
  dropout: share
    .default(0.3)
    .describe("probability to leave the advantage out of a training prompt; the same for the subtask"),
  positiveShare: share
    .optional()
    .describe(
      "share of positive frames among samples with the advantage in the prompt, by the labels (default: as in the data)",
    ),
  fast: z.boolean().default(true).describe("learn the actions as FAST tokens as well"),
  subtasks: z
    .boolean()
    .default(false)
    .describe("learn to predict each frame's subtask (LeRobot's column language_persistent) and to act by it"),
  flowWeight: z
    .number()
    .gt(0)
    .default(1)
    .describe("α, the weight of the flow loss; the loss of FAST tokens has weight 1"),
  draws: count
    .default(4)
    .describe("draws of noise and time for each chunk; more make the flow loss steadier at little cost"),
  simulatedDelay: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "train the policy to continue given steps of a chunk, from 0 to so many: real-time chunking without cost at run time (0: none)",
    ),
  absolute: z
    .array(z.string())
    .default(["gripper*"])
    .describe("actions to learn as they are (* stands for any characters); the others are relative to the state"),
  units: z
    .enum(units)
    .optional()
    .describe(
      "unit of an SO-101's body joints, where neither the episodes nor the statistics tell: degrees, LeRobot's since February 2026, or normalised (-100 to 100)",
    ),
  denoisingSteps: count
    .optional()
    .describe("Euler steps to sample a chunk in validation (default: 10 for π0.5's network, else 5)"),
});
export type PolicyOptions = z.infer<typeof policyOptions>;

const takeOver = z
  .enum(takeOverMeanings)
  .default("goes-on")
  .describe(
    "what a take-over means for the frames before it: their return goes on to the episode's end; it is a failure; or it is cut off there and a value stands for the rest",
  );

export const valueOptions = z.strictObject({
  ...common,
  steps: count.default(600).describe("optimiser steps"),
  learningRate: z.number().gt(0).default(1e-3).describe("peak learning rate, after the warm-up"),
  weightDecay: z.number().min(0).default(0.05).describe("weight decay of AdamW"),
  heldOut: z
    .number()
    .min(0)
    .lt(1)
    .default(0.15)
    .describe("share of the episodes to hold out for validation, spread over the tasks"),
  takeOver: takeOver.describe(`${takeOver.description} (bootstrap: that of --from)`),
  fold: foldSchema
    .optional()
    .describe(
      "hold out this fold of the episodes in place of --held-out, such as 1/3. A value function of each fold can then label all episodes without having learned from them (pistar label --value A B C)",
    ),
  validateEvery: count.default(50).describe("steps between validations; each writes a checkpoint"),
  validationFrames: count.default(512).describe("held-out frames in a validation"),
  targets: z
    .enum(["two-hot", "hard"])
    .default("two-hot")
    .describe("class targets of a return: shared by the two bins around it, or the nearest bin"),
  failureCost: z
    .number()
    .gt(0)
    .optional()
    .describe("C_fail, the cost of a failure in steps (default: a little more than the task's longest episode)"),
});
export type ValueOptions = z.infer<typeof valueOptions>;

export const labelOptions = z.strictObject({
  positiveFraction: share
    .default(0.3)
    .describe(
      "share of positive frames in each task; the paper takes about 0.3 in pre-training and 0.4 in an iteration",
    ),
  lookahead: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "lookahead N of the advantages in seconds, about 1 for fine-tuning (default: to the episode's end, for pre-training)",
    ),
  forceInterventions: z
    .boolean()
    .default(true)
    .describe("label frames in which a person acted positive, whatever their advantage"),
  leastThreshold: z
    .number()
    .optional()
    .describe(
      "least threshold, in units of value. With 0 no action is positive that is not better than expected; the positive share is then smaller than asked where most frames belong to failures (default: none)",
    ),
  thresholdFrom: z
    .enum(["task", "rollouts", "source"])
    .default("task")
    .describe(
      "frames that have this share of positive ones: all of a task, the rollouts of its newest policy, or each source (who acted) by itself",
    ),
  takeOver,
  combine: z.enum(["mean", "lowest"]).default("mean").describe("value of a frame if several value functions give one"),
  tag: z.string().default("default").describe("tag of the labels: their name"),
  rename,
  batchSize: count.default(32).describe("frames in a batch"),
  device: common.device,
  threads: common.threads,
  cache: common.cache,
});
export type LabelOptions = z.infer<typeof labelOptions>;
