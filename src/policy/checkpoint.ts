// Checkpoints in LeRobot's folder layout: config.json, model.safetensors, and the normalisation as processor files with their state in
// safetensors. Beside them stand tokenizer.json and, for a policy that learns FAST tokens, fast/. One folder is enough to run or fine-tune a
// network. LeRobot opens the folder of a π0.5 (lerobot-pi05.ts), and no other: it has no such networks.

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type FastTokenizer,
  loadFast,
  loadTokenizer,
  loadWeights,
  type PolicyConfig,
  parameterShapes,
  saveFast,
  saveLeRobotWeights,
  saveWeights,
  type TextTokenizer,
  type ValueConfig,
} from "../model/index.ts";
import { PistarError, replaceFile } from "../system/index.ts";
import { readSafetensors, type Store, value, writeSafetensors } from "../tensor/index.ts";
import { type ActionSpace, type Mode, measureNames, type Scaling } from "./action-space.ts";
import {
  configFile,
  featuresOf,
  formatVersion,
  isForeignConfig,
  modes,
  opensInLeRobot,
  ownFile,
  readPolicyConfig,
  readValueConfig,
  type TaskScales,
} from "./checkpoint-config.ts";
import { isPi05, pi05Fields, pi05Normalizer, pi05Steps } from "./lerobot-pi05.ts";
import type { RobotFeatures } from "./robot-features.ts";
import { findRunPolicy } from "./run-policies.ts";

/** What is known of a network besides its weights. */
export interface Description<Config extends PolicyConfig | ValueConfig> {
  readonly config: Config;
  readonly robot: RobotFeatures;
  readonly space: ActionSpace;
  readonly tokenizer: TextTokenizer;
}

export interface PolicyDescription extends Description<PolicyConfig> {
  /** Its FAST tokenizer, if it learns FAST tokens. */
  readonly fast: FastTokenizer | undefined;
  /** Whether its training prompts hold an advantage. */
  readonly conditioned: boolean;
  /** Whether it says a subtask before it acts. */
  readonly subtasks?: boolean | undefined;
  /** Steps of a chunk that it has learned to continue (training-time real-time chunking); 0: none. */
  readonly trainedDelay: number;
}

export interface ValueDescription extends Description<ValueConfig> {
  readonly taskScales: TaskScales;
  /** The fold that it did not learn from, if it was trained for cross-fitting. */
  readonly fold?: string | undefined;
}

/** Says in config.json why LeRobot refuses the folder. */
const notLeRobots =
  "A network of pistar. LeRobot has no such network and cannot open it; pistar serve runs it for LeRobot's and openpi's robots.";

const files = {
  config: configFile,
  weights: "model.safetensors",
  shards: "model.safetensors.index.json",
  tokenizer: "tokenizer.json",
  normalizer: "policy_preprocessor_step_0_normalizer_processor.safetensors",
  unnormalizer: "policy_postprocessor_step_0_unnormalizer_processor.safetensors",
} as const;

/**
 * Writes a checkpoint into an existing folder.
 * @param renamed a parameter's name in the store, such as its average's
 */
export async function saveCheckpoint(
  folder: string,
  description: PolicyDescription | ValueDescription,
  store: Store,
  renamed?: (name: string) => string,
): Promise<void> {
  const { config, robot, space, tokenizer } = description;
  const policy = "conditioned" in description;
  const pi05 = policy && isPi05(description) ? description : undefined;
  const mapping = { VISUAL: "IDENTITY", STATE: modes[space.state.mode], ACTION: modes[space.actions.mode] };
  const { input, output } = featuresOf(robot, config);
  const lerobot = {
    input_features: input,
    output_features: policy ? output : {},
    normalization_mapping: mapping,
    ...("horizon" in config && { chunk_size: config.horizon, n_action_steps: config.horizon }),
    ...(policy && description.trainedDelay > 0 && { rtc_training_max_delay: description.trainedDelay }),
  };
  const own = {
    format_version: formatVersion,
    ...(policy
      ? { conditioned: description.conditioned, ...(description.subtasks && { subtasks: true }) }
      : { task_scales: description.taskScales, fold: description.fold }),
    robot,
    network: config,
  };
  const write = (name: string, fields: object) => replaceFile(join(folder, name), JSON.stringify(fields, null, 2));
  if (pi05) {
    write(configFile, { ...pi05Fields(pi05), ...lerobot });
    write(ownFile, own);
  } else write(configFile, { type: policy ? "pistar_policy" : "pistar_value", about: notLeRobots, ...lerobot, ...own });
  replaceFile(join(folder, files.tokenizer), JSON.stringify(tokenizer.file));

  const processor = { eps: 1e-8, features: { ...input, ...output }, norm_map: mapping };
  const state = pi05 ? pi05Normalizer : files.normalizer;
  const normalizer = { registry_name: "normalizer_processor", config: processor, state_file: state };
  const unnormalizer = { registry_name: "unnormalizer_processor", config: processor, state_file: files.unnormalizer };
  const { before, after } = pi05
    ? pi05Steps(pi05, normalizer, unnormalizer)
    : { before: [normalizer], after: [unnormalizer] };
  write("policy_preprocessor.json", { name: "policy_preprocessor", steps: before });
  write("policy_postprocessor.json", { name: "policy_postprocessor", steps: after });
  for (const file of [state, files.unnormalizer])
    await writeSafetensors(join(folder, file), [
      ...named("observation.state", space.state),
      ...named("action", space.actions),
    ]);
  if (policy && description.fast) saveFast(join(folder, "fast"), description.fast);
  const save = pi05 ? saveLeRobotWeights : saveWeights;
  await save(join(folder, files.weights), parameterShapes(config), store, renamed);
}

const named = (feature: string, { mode, measures }: Scaling) =>
  measures.map((numbers, at) => [`${feature}.${measureNames[mode][at]}`, value(numbers)] as const);

/**
 * Finds a checkpoint's files from a run (its last or best checkpoint), a checkpoint, or the folder itself. A file of
 * weights alone stands for itself.
 * @throws PistarError missing-file, with the expected files
 */
export function findCheckpoint(path: string, which: "last" | "best"): string {
  if (/\.safetensors(\.index\.json)?$/.test(path) && existsSync(path) && statSync(path).isFile()) return path;
  const ofRun = findRunPolicy(path);
  if (ofRun) return findCheckpoint(ofRun.folder, which);
  // LeRobot's "last" is a link to a checkpoint, ours a file with its name.
  for (const folder of [path, join(path, "pretrained_model"), join(path, "checkpoints", which, "pretrained_model")])
    if (existsSync(join(folder, files.config)) && existsSync(weightsFile(folder))) return folder;
  // The pointer of a run, or the pointer itself as LeRobot's users give it: checkpoints/last, checkpoints/last/pretrained_model.
  for (const pointer of [join(path, "checkpoints", which), path.replace(/[/\\]pretrained_model[/\\]?$/, "")])
    if (/^(last|best)$/.test(basename(pointer)) && existsSync(pointer) && statSync(pointer).isFile())
      return findCheckpoint(join(dirname(pointer), readFileSync(pointer, "utf8").trim()), which);
  throw new PistarError(
    "missing-file",
    `${path}: expected a run with checkpoints/${which}, or a folder with ${files.config} and ${files.weights}, got neither`,
    { path },
  );
}

/** The weights of a found checkpoint: one file, or the index of several. */
export function weightsFile(found: string): string {
  if (existsSync(found) && statSync(found).isFile()) return found;
  const shards = join(found, files.shards);
  return existsSync(shards) ? shards : join(found, files.weights);
}

/**
 * Whether another library wrote it.
 * @param found from `findCheckpoint`
 */
export function isForeign(found: string): boolean {
  if (statSync(found).isFile()) return true;
  return isForeignConfig(found);
}

/**
 * Reads a policy's description.
 * @param folder from `findCheckpoint`
 * @throws PistarError naming file and field: damaged-file, missing-file, newer-format, or wrong-layout for another kind
 * of network
 */
export async function readPolicyDescription(folder: string): Promise<PolicyDescription> {
  const { network, conditioned, subtasks, rtc_training_max_delay: trainedDelay, ...config } = readPolicyConfig(folder);
  const fastFolder = join(folder, "fast");
  const fast = network.actionTokens > 0 || existsSync(fastFolder) ? loadFast(fastFolder) : undefined;
  return { ...(await readBeside(folder, config)), config: network, fast, conditioned, subtasks, trainedDelay };
}

/**
 * Reads a value function's description.
 * @param folder from `findCheckpoint`
 * @throws PistarError as `readPolicyDescription`
 */
export async function readValueDescription(folder: string): Promise<ValueDescription> {
  const { network, task_scales: taskScales, fold, ...config } = readValueConfig(folder);
  return { ...(await readBeside(folder, config)), config: network, taskScales, fold };
}

/** Reads the files beside config.json: the normalisation and the tokenizer. */
async function readBeside(
  folder: string,
  {
    robot,
    normalization_mapping: mapping,
  }: Pick<ReturnType<typeof readPolicyConfig>, "robot" | "normalization_mapping">,
): Promise<Pick<Description<PolicyConfig>, "robot" | "space" | "tokenizer">> {
  const path = join(folder, opensInLeRobot(folder) ? pi05Normalizer : files.normalizer);
  const state = await readSafetensors(path);
  const scaling = (feature: string, mapped: (typeof modes)[Mode], length: number): Scaling => {
    const mode = mapped === modes.quantiles ? "quantiles" : "mean_std";
    const numbers = (at: 0 | 1) => {
      const name = `${feature}.${measureNames[mode][at]}`;
      const data = state.get(name)?.data;
      if (!(data instanceof Float32Array && data.length === length && data.every(Number.isFinite)))
        throw new PistarError(
          "damaged-file",
          `${path}: ${name}: expected ${length} finite floats, got ${data ? `[${[...data].slice(0, 8).join(", ")}]` : "nothing"}`,
          { path },
        );
      return data;
    };
    return { mode, measures: [numbers(0), numbers(1)] };
  };
  const space: ActionSpace = {
    state: scaling("observation.state", mapping.STATE, robot.stateNames.length),
    actions: scaling("action", mapping.ACTION, robot.actionNames.length),
    deltaActions: robot.deltaActions,
  };
  return { robot, space, tokenizer: loadTokenizer(join(folder, files.tokenizer)) };
}

/**
 * Reads a checkpoint's weights into a store.
 * @param folder from `findCheckpoint`
 */
export async function readWeights(
  folder: string,
  { config }: Pick<Description<PolicyConfig | ValueConfig>, "config">,
  store: Store,
): Promise<void> {
  await loadWeights(weightsFile(folder), parameterShapes(config), store);
}
