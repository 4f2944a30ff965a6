// Published π0.5 policies of LeRobot and openpi, for fine-tuning: a folder with config.json, or weights alone. The
// shapes of the weights give the network. The dataset gives the rest: joints, frame rate, often the normalisation.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { LeRobotDataset } from "../data/index.ts";
import { loadTokenizer, type PolicyConfig, sizes, storedShapes } from "../model/index.ts";
import { PistarError, readJsonAs } from "../system/index.ts";
import type { Shape, TensorValue } from "../tensor/index.ts";
import { readSafetensors } from "../tensor/index.ts";
import type { ActionSpace, Scaling } from "./action-space.ts";
import { type PolicyDescription, weightsFile } from "./checkpoint.ts";
import { headSize, isExcluded, visionHeadSize } from "./lerobot-pi05.ts";
import { cameraName, robotFeatures } from "./robot-features.ts";

/** A policy to fine-tune. Without a space, it takes the dataset's. */
export type BasePolicy = Omit<PolicyDescription, "space"> & { readonly space: ActionSpace | undefined };

const feature = z.object({ type: z.string(), shape: z.array(z.number()) });
const features = z.record(z.string(), feature).nullish();

/** LeRobot's config.json, or openpi's, without a type. */
const configSchema = z.object({
  type: z.literal("pi05").optional(),
  input_features: features,
  normalization_mapping: z.record(z.string(), z.string()).default({}),
  /** LeRobot's MEM, another network. */
  use_visual_memory: z.literal(false).optional(),
  use_proprioceptive_memory: z.literal(false).optional(),
  chunk_size: z.int().min(1).optional(),
  action_horizon: z.int().min(1).optional(),
  max_state_dim: z.int().min(1).default(32),
  tokenizer_max_length: z.int().min(1).default(200),
});

const preprocessorSchema = z.object({
  steps: z.array(
    z.object({
      registry_name: z.string().optional(),
      config: z
        .looseObject({
          enabled: z.boolean().nullish(),
          exclude_joints: z.array(z.string()).nullish(),
          action_names: z.array(z.string()).nullish(),
        })
        .default({}),
      state_file: z.string().optional(),
    }),
  ),
});
type Step = z.infer<typeof preprocessorSchema>["steps"][number];

/** Facts that a published policy leaves open. */
export interface PublishedPolicyOptions {
  /** Path of PaliGemma's tokenizer.json. */
  readonly tokenizer?: string | undefined;
  /** Names of the cameras to use (default: those of the checkpoint that the dataset has). */
  readonly cameras?: readonly string[] | undefined;
  /** Patterns of absolute actions, not relative to the state. */
  readonly absolute: readonly string[];
}

/**
 * Reads a π0.5 of LeRobot or openpi for a dataset. Its cameras are the checkpoint's, as far as the dataset has them,
 * else the dataset's own in the order of `cameras`; a network works under any names. Its normalisation is kept if it
 * has as many numbers as the dataset's.
 *
 * @param found from `findCheckpoint`
 * @throws Error naming the file and the expectation, or asking for the tokenizer: it is not published with the weights
 */
export async function readPublished(
  found: string,
  dataset: LeRobotDataset,
  { tokenizer, cameras, absolute }: PublishedPolicyOptions,
): Promise<BasePolicy> {
  if (tokenizer === undefined)
    throw new PistarError(
      "bad-option",
      `${found}: expected the tokenizer.json of PaliGemma beside π0.5's weights, got none: give it with --tokenizer`,
      { path: found },
    );
  const alone = statSync(found).isFile();
  const config = alone ? configSchema.parse({}) : readJsonAs(configSchema, join(found, "config.json"));
  const sizesFound = networkSizes(weightsFile(found), await storedShapes(weightsFile(found)));
  const known = Object.entries(config.input_features ?? {}).flatMap(([name, { type }]) =>
    type === "VISUAL" && dataset.cameras.includes(name) ? [cameraName(name)] : [],
  );
  const robot = robotFeatures(dataset, cameras ?? (known.length > 0 ? known : undefined), absolute);
  const [stateNumbers, actionNumbers] = [robot.stateNames.length, robot.actionNames.length];
  for (const [what, got, room] of [
    ["states", stateNumbers, config.max_state_dim],
    ["actions", actionNumbers, sizesFound.actionSize],
  ] as const)
    if (got > room)
      throw new PistarError(
        "wrong-layout",
        `${found}: expected ${what} of at most ${room} numbers, got ${got} in ${dataset.root}`,
        { path: found },
      );
  const space = alone ? undefined : await readSpace(found, config.normalization_mapping, stateNumbers, actionNumbers);
  return {
    config: {
      ...sizesFound,
      cameras: Object.keys(robot.cameras),
      promptTokens: config.tokenizer_max_length,
      stateSize: config.max_state_dim,
      state: "text",
      horizon: config.chunk_size ?? config.action_horizon ?? sizes.pi05.horizon,
      actionTokens: 0,
      knowledgeInsulation: sizes.pi05.knowledgeInsulation,
    },
    robot: space ? { ...robot, deltaActions: [...space.deltaActions] } : robot,
    space,
    tokenizer: loadTokenizer(tokenizer),
    fast: undefined,
    conditioned: false,
    trainedDelay: 0,
  };
}

/**
 * The sizes of the network, from the shapes of its weights.
 * @throws Error naming a missing tensor of π0.5
 */
export function networkSizes(
  path: string,
  shapes: ReadonlyMap<string, Shape>,
): Pick<PolicyConfig, "vision" | "language" | "expert" | "vocabulary" | "actionSize"> {
  const shape = (name: string): Shape => {
    const found = shapes.get(name);
    if (!found)
      throw new PistarError(
        "wrong-layout",
        `${path}: expected the tensors of a π0.5, got no ${name} but names like ${[...shapes.keys()].slice(0, 3).join(", ")}`,
        { path },
      );
    return found;
  };
  const layers = (prefix: string) => {
    const found = [...shapes.keys()].filter((name) => name.startsWith(`${prefix}.layers.`));
    return 1 + Math.max(-1, ...found.map((name) => Number(name.slice(prefix.length + 8).split(".")[0])));
  };
  const heads = (name: string, width: number, each: number) => {
    if (width % each !== 0)
      throw new PistarError(
        "wrong-layout",
        `${path}: expected heads of ${each} numbers in ${name}, got ${width} in all`,
        {
          path,
        },
      );
    return width / each;
  };
  const paligemma = "paligemma_with_expert.paligemma.model";
  const tower = `${paligemma}.vision_tower.vision_model`;
  const language = `${paligemma}.language_model`;
  const expert = "paligemma_with_expert.gemma_expert.model";
  const [visionWidth, , patch] = shape(`${tower}.embeddings.patch_embedding.weight`) as [
    number,
    number,
    number,
    number,
  ];
  const [patches] = shape(`${tower}.embeddings.position_embedding.weight`) as [number, number];
  const [vocabulary, width] = shape(`${language}.embed_tokens.weight`) as [number, number];
  const attention = `${language}.layers.0.self_attn`;
  return {
    vision: {
      kind: "siglip",
      imageSize: patch * Math.sqrt(patches),
      patch,
      width: visionWidth,
      layers: layers(`${tower}.encoder`),
      hidden: shape(`${tower}.encoder.layers.0.mlp.fc1.weight`)[0]!,
      heads: heads(`${tower}.encoder`, visionWidth, visionHeadSize),
      pool: 1,
    },
    language: {
      width,
      layers: layers(language),
      hidden: shape(`${language}.layers.0.mlp.gate_proj.weight`)[0]!,
      heads: heads(`${attention}.q_proj`, shape(`${attention}.q_proj.weight`)[0]!, headSize),
      keyValueHeads: heads(`${attention}.k_proj`, shape(`${attention}.k_proj.weight`)[0]!, headSize),
      headSize,
      gemma3: false,
    },
    expert: {
      width: shape("time_mlp_in.weight")[0]!,
      hidden: shape(`${expert}.layers.0.mlp.gate_proj.weight`)[0]!,
    },
    vocabulary,
    actionSize: shape("action_in_proj.weight")[1]!,
  };
}

/** LeRobot's normalisation beside the weights, if it has this many numbers. */
async function readSpace(
  folder: string,
  mapping: Readonly<Record<string, string>>,
  stateNumbers: number,
  actionNumbers: number,
): Promise<ActionSpace | undefined> {
  const path = join(folder, "policy_preprocessor.json");
  if (!existsSync(path)) return undefined;
  const { steps } = readJsonAs(preprocessorSchema, path);
  const file = steps.find(({ registry_name }) => registry_name === "normalizer_processor")?.state_file;
  if (file === undefined) return undefined;
  const values = await readSafetensors(join(folder, file));
  const state = scaling(folder, values, "observation.state", mapping.STATE, stateNumbers);
  const actions = scaling(folder, values, "action", mapping.ACTION, actionNumbers);
  const relative = steps.find(({ registry_name }) => registry_name === "relative_actions_processor");
  return state && actions && { state, actions, deltaActions: relativeActions(relative, actionNumbers) };
}

/** The measures of LeRobot's modes, and our mode with the same formula. */
const modes: Readonly<Record<string, readonly [Scaling["mode"], string, string]>> = {
  QUANTILES: ["quantiles", "q01", "q99"],
  MIN_MAX: ["quantiles", "min", "max"],
  MEAN_STD: ["mean_std", "mean", "std"],
};

function scaling(
  folder: string,
  values: ReadonlyMap<string, TensorValue>,
  feature: string,
  named: string | undefined,
  numbers: number,
): Scaling | undefined {
  const mode = modes[named ?? "QUANTILES"];
  if (!mode)
    throw new PistarError(
      "wrong-layout",
      `${folder}: expected ${feature} normalised by ${Object.keys(modes).join(", ")}, got ${named}`,
      { path: folder },
    );
  const measures = mode.slice(1).map((measure) => values.get(`${feature}.${measure}`)?.data);
  const [first, second] = measures.map((data) => data && Float32Array.from(data as ArrayLike<number>, Number));
  if (first?.length !== numbers || second?.length !== numbers) return undefined;
  return { mode: mode[0], measures: [first, second] };
}

/** The relative actions of LeRobot's step: all but those with an excluded word in their names. */
function relativeActions(step: Step | undefined, numbers: number): boolean[] {
  const { enabled, exclude_joints, action_names } = step?.config ?? {};
  return Array.from(
    { length: numbers },
    (_, at) => enabled === true && !isExcluded(action_names?.[at], exclude_joints ?? []),
  );
}
