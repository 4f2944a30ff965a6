// Checkpoints in LeRobot's folder layout: config.json, model.safetensors, and the normalisation as processor files with their state in
// safetensors. Beside them tokenizer.json and, for a policy, fast/. One folder is enough to run or fine-tune a network.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import {
  type FastTokenizer,
  loadFast,
  loadTokenizer,
  loadWeights,
  type PolicyConfig,
  parameterShapes,
  saveFast,
  saveWeights,
  type TextTokenizer,
  type ValueConfig,
} from "../model/index.ts";
import { readJson, replaceFile } from "../system/index.ts";
import { readSafetensors, type Store, value, writeSafetensors } from "../tensor/index.ts";
import { type ActionSpace, type Mode, measureNames, type Scaling } from "./action-space.ts";
import { type RobotFeatures, robotFeaturesSchema } from "./robot-features.ts";

/** What is known of a network besides its weights. */
export interface Description<Config extends PolicyConfig | ValueConfig> {
  readonly config: Config;
  readonly robot: RobotFeatures;
  readonly space: ActionSpace;
  readonly tokenizer: TextTokenizer;
}

export interface PolicyDescription extends Description<PolicyConfig> {
  /** Where FAST tokens are learned. */
  readonly fast: FastTokenizer | undefined;
  /** Whether the prompts that it was trained on hold an advantage. */
  readonly conditioned: boolean;
}

/** One unit of value in steps, for each task's instruction. */
const taskScaleSchema = z.object({
  maxLength: z.number(),
  stepsPerUnit: z.number(),
  failureCost: z.number(),
  bins: z.number(),
});

export interface ValueDescription extends Description<ValueConfig> {
  readonly taskScales: Readonly<Record<string, z.infer<typeof taskScaleSchema>>>;
}

const configSchema = z.object({
  type: z.enum(["pistar_policy", "pistar_value"]),
  normalization_mapping: z.object({ STATE: z.string(), ACTION: z.string() }),
  /** The network's own configuration, which was checked when it was made. */
  network: z.looseObject({
    cameras: z.array(z.string()),
    vision: z.looseObject({
      kind: z.enum(["siglip", "keypoints"], {
        error: 'expected "siglip" or "keypoints"; networks of before these were told apart must be trained anew',
      }),
    }),
  }),
  robot: robotFeaturesSchema,
  conditioned: z.boolean().optional(),
  task_scales: z.record(z.string(), taskScaleSchema).optional(),
});

const modes: Readonly<Record<Mode, string>> = { quantiles: "QUANTILES", mean_std: "MEAN_STD" };
const files = {
  config: "config.json",
  weights: "model.safetensors",
  shards: "model.safetensors.index.json",
  tokenizer: "tokenizer.json",
  normalizer: "policy_preprocessor_step_0_normalizer_processor.safetensors",
  unnormalizer: "policy_postprocessor_step_0_unnormalizer_processor.safetensors",
} as const;

/**
 * Writes a checkpoint into an existing folder.
 * @param renamed what a parameter is called in the store, such as its average
 */
export async function saveCheckpoint(
  folder: string,
  description: PolicyDescription | ValueDescription,
  store: Store,
  renamed?: (name: string) => string,
): Promise<void> {
  const { config, robot, space, tokenizer } = description;
  const policy = "conditioned" in description;
  const { imageSize } = config.vision;
  const mapping = { VISUAL: "IDENTITY", STATE: modes[space.state.mode], ACTION: modes[space.actions.mode] };
  const input = {
    ...Object.fromEntries(
      Object.values(robot.cameras).map((name) => [name, { type: "VISUAL", shape: [3, imageSize, imageSize] }]),
    ),
    "observation.state": { type: "STATE", shape: [robot.stateNames.length] },
  };
  const output = { action: { type: "ACTION", shape: [robot.actionNames.length] } };
  const written = {
    type: policy ? "pistar_policy" : "pistar_value",
    input_features: input,
    output_features: policy ? output : {},
    normalization_mapping: mapping,
    ...("horizon" in config && { chunk_size: config.horizon, n_action_steps: config.horizon }),
    ...(policy ? { conditioned: description.conditioned } : { task_scales: description.taskScales }),
    robot,
    network: config,
  };
  replaceFile(join(folder, files.config), JSON.stringify(written, null, 2));
  replaceFile(join(folder, files.tokenizer), JSON.stringify(tokenizer.file));
  const step = { eps: 1e-8, features: { ...input, ...output }, norm_map: mapping };
  for (const [name, registered, state] of [
    ["policy_preprocessor", "normalizer_processor", files.normalizer],
    ["policy_postprocessor", "unnormalizer_processor", files.unnormalizer],
  ] as const) {
    const steps = [{ registry_name: registered, config: step, state_file: state }];
    replaceFile(join(folder, `${name}.json`), JSON.stringify({ name, steps }, null, 2));
    await writeSafetensors(join(folder, state), [
      ...named("observation.state", space.state),
      ...named("action", space.actions),
    ]);
  }
  if (policy && description.fast) saveFast(join(folder, "fast"), description.fast);
  await saveWeights(join(folder, files.weights), parameterShapes(config), store, renamed);
}

const named = (feature: string, { mode, measures }: Scaling) =>
  measures.map((numbers, at) => [`${feature}.${measureNames[mode][at]}`, value(numbers)] as const);

/**
 * Where a checkpoint's files are, given a run (then its last checkpoint, or its best), one of its checkpoints, or the folder itself. A file
 * of weights alone stands for itself.
 * @throws Error saying what was expected there
 */
export function findCheckpoint(path: string, which: "last" | "best"): string {
  if (/\.safetensors(\.index\.json)?$/.test(path) && existsSync(path) && statSync(path).isFile()) return path;
  // LeRobot's "last" is a link to a checkpoint, ours a file with its name.
  for (const folder of [path, join(path, "pretrained_model"), join(path, "checkpoints", which, "pretrained_model")])
    if (existsSync(join(folder, files.config)) && existsSync(weightsFile(folder))) return folder;
  const pointer = join(path, "checkpoints", which);
  if (existsSync(pointer) && statSync(pointer).isFile())
    return findCheckpoint(join(path, "checkpoints", readFileSync(pointer, "utf8").trim()), which);
  throw new Error(
    `${path}: expected a run with checkpoints/${which}, or a folder with ${files.config} and ${files.weights}, got neither`,
  );
}

/** The weights of what `findCheckpoint` found: one file, or the index of several. */
export function weightsFile(found: string): string {
  if (existsSync(found) && statSync(found).isFile()) return found;
  const shards = join(found, files.shards);
  return existsSync(shards) ? shards : join(found, files.weights);
}

/** Whether others than pistar wrote it. @param found from `findCheckpoint` */
export function isForeign(found: string): boolean {
  if (statSync(found).isFile()) return true;
  const { type } = readJson(join(found, files.config)) as { readonly type?: unknown };
  return !configSchema.shape.type.safeParse(type).success;
}

/** Reads what is known of a policy. @param folder from `findCheckpoint` */
export async function readPolicyDescription(folder: string): Promise<PolicyDescription> {
  const { config, common } = await readDescription(folder, "pistar_policy");
  const fast = existsSync(join(folder, "fast")) ? loadFast(join(folder, "fast")) : undefined;
  return {
    ...common,
    config: config.network as unknown as PolicyConfig,
    fast,
    conditioned: config.conditioned ?? false,
  };
}

/** Reads what is known of a value function. @param folder from `findCheckpoint` */
export async function readValueDescription(folder: string): Promise<ValueDescription> {
  const { config, common } = await readDescription(folder, "pistar_value");
  return { ...common, config: config.network as unknown as ValueConfig, taskScales: config.task_scales ?? {} };
}

async function readDescription(folder: string, type: "pistar_policy" | "pistar_value") {
  if (isForeign(folder))
    throw new Error(
      `${folder}: expected a checkpoint of pistar, got one of others. They say nothing of the robot's joints and frame rate: ` +
        "fine-tune it first, a π0.5 of LeRobot or openpi with pistar train DATASET --from FOLDER --tokenizer FILE",
    );
  const path = join(folder, files.config);
  const parsed = configSchema.safeParse(readJson(path));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const config = parsed.data;
  if (config.type !== type)
    throw new Error(
      `${path}: expected a ${type === "pistar_policy" ? "policy" : "value function"}, got ${config.type}`,
    );
  const state = await readSafetensors(join(folder, files.normalizer));
  const scaling = (feature: string, mapped: string): Scaling => {
    const mode = mapped === modes.quantiles ? "quantiles" : "mean_std";
    const numbers = (at: 0 | 1) => {
      const name = `${feature}.${measureNames[mode][at]}`;
      const found = state.get(name)?.data;
      if (!(found instanceof Float32Array)) throw new Error(`${folder}/${files.normalizer}: expected floats "${name}"`);
      return found;
    };
    return { mode, measures: [numbers(0), numbers(1)] };
  };
  const space: ActionSpace = {
    state: scaling("observation.state", config.normalization_mapping.STATE),
    actions: scaling("action", config.normalization_mapping.ACTION),
    deltaActions: config.robot.deltaActions,
  };
  const common = { robot: config.robot, space, tokenizer: loadTokenizer(join(folder, files.tokenizer)) };
  return { config, common };
}

/** Reads a checkpoint's weights into a store. @param folder from `findCheckpoint` */
export async function readWeights(
  folder: string,
  { config }: Pick<Description<PolicyConfig | ValueConfig>, "config">,
  store: Store,
): Promise<void> {
  await loadWeights(weightsFile(folder), parameterShapes(config), store);
}
