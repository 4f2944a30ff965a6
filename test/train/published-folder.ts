// A scaled-down folder as LeRobot writes it for π0.5: its names, its files, random weights.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fitTokenizer, type PolicyConfig, parameterShapes, policyConfig } from "../../src/model/index.ts";
import { readSafetensors, type TensorValue, value, writeSafetensors } from "../../src/tensor/index.ts";
import { tinyPolicy } from "../model/tiny.ts";

/** Gemma's and SigLIP's sizes of a head, which no config says; all else is small. */
export const publishedConfig: PolicyConfig = policyConfig(
  "pi05",
  { cameras: ["front"], stateSize: 32, actionSize: 32 },
  {
    vision: {
      kind: "siglip",
      imageSize: 28,
      patch: 14,
      width: 144,
      layers: 2,
      hidden: 20,
      heads: 2,
      pool: 1,
    },
    language: { width: 16, layers: 2, hidden: 24, heads: 2, keyValueHeads: 1, headSize: 256, gemma3: false },
    expert: { width: 12, hidden: 20 },
    vocabulary: 640,
    promptTokens: 64,
    horizon: 4,
    actionTokens: 0,
  },
);

const lmHead = "paligemma_with_expert.paligemma.lm_head.weight";
const embeddings = "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight";

/** Its weights by openpi's names, of which the embeddings are stored as the output weights, as Python does with tied ones. */
async function weights(): Promise<[string, TensorValue][]> {
  const { store } = tinyPolicy(publishedConfig);
  const all: [string, TensorValue][] = [];
  for (const name of parameterShapes(publishedConfig).keys())
    all.push([name === embeddings ? lmHead : name, await store.read(name)]);
  return all;
}

export async function publishedFile(path: string): Promise<void> {
  await writeSafetensors(path, await weights());
}

export async function publishedTokenizer(path: string): Promise<void> {
  const text = "Task: push the dot, State: 0 1 2 3 4 5 6 7 8 9;\nAction: ";
  writeFileSync(path, JSON.stringify(fitTokenizer([text], 300).file));
}

export interface PublishedOptions {
  /** Numbers of state and action, and the cameras: what the checkpoint was trained on. */
  readonly numbers: number;
  readonly cameras: readonly string[];
  /** Statistics "observation.state.q01", …; without any, there is no state file, as in a base model. */
  readonly statistics?: Readonly<Record<string, readonly number[]>>;
  readonly mapping?: string;
  readonly relative?: object;
}

export async function publishedFolder(folder: string, options: PublishedOptions): Promise<void> {
  const { numbers, cameras, statistics, mapping = "QUANTILES", relative } = options;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  const norm_map = { VISUAL: "IDENTITY", STATE: mapping, ACTION: mapping };
  const input_features = {
    ...Object.fromEntries(
      cameras.map((name) => [`observation.images.${name}`, { type: "VISUAL", shape: [3, 28, 28] }]),
    ),
    "observation.state": { type: "STATE", shape: [numbers] },
  };
  const output_features = { action: { type: "ACTION", shape: [numbers] } };
  write("config.json", {
    type: "pi05",
    n_obs_steps: 1,
    input_features,
    output_features,
    device: "cuda",
    push_to_hub: false,
    paligemma_variant: "gemma_2b",
    action_expert_variant: "gemma_300m",
    dtype: "float32",
    chunk_size: publishedConfig.horizon,
    n_action_steps: publishedConfig.horizon,
    max_state_dim: 32,
    max_action_dim: 32,
    num_inference_steps: 10,
    rtc_config: null,
    image_resolution: [28, 28],
    empty_cameras: 0,
    tokenizer_max_length: publishedConfig.promptTokens,
    normalization_mapping: norm_map,
  });
  const state_file = "policy_preprocessor_step_3_normalizer_processor.safetensors";
  const features = { ...input_features, ...output_features };
  write("policy_preprocessor.json", {
    name: "policy_preprocessor",
    steps: [
      { registry_name: "rename_observations_processor", config: { rename_map: {} } },
      { registry_name: "to_batch_processor", config: {} },
      { registry_name: "relative_actions_processor", config: relative ?? { enabled: false, exclude_joints: [] } },
      {
        registry_name: "normalizer_processor",
        config: { eps: 1e-8, features, norm_map },
        ...(statistics && { state_file }),
      },
      { registry_name: "pi05_prepare_state_tokenizer_processor_step", config: {} },
      {
        registry_name: "tokenizer_processor",
        config: { max_length: 200, tokenizer_name: "google/paligemma-3b-pt-224" },
      },
      { registry_name: "device_processor", config: { device: "cuda", float_dtype: null } },
    ],
  });
  if (statistics)
    await writeSafetensors(
      join(folder, state_file),
      Object.entries(statistics).map(([name, row]) => [name, value(Float32Array.from(row))] as const),
    );
  await writeSafetensors(
    join(folder, "model.safetensors"),
    (await weights()).map(([name, stored]) => [`model.${name}`, stored] as const),
    { format: "pt" },
  );
}

/** Splits a folder's weights into two shards with an index, as large models are published. */
export async function sharded(folder: string): Promise<void> {
  const all = [...(await readSafetensors(join(folder, "model.safetensors")))];
  const weight_map: Record<string, string> = {};
  for (const [shard, part] of [all.slice(0, 40), all.slice(40)].entries()) {
    const file = `model-0000${shard + 1}-of-00002.safetensors`;
    await writeSafetensors(join(folder, file), part);
    for (const [name] of part) weight_map[name] = file;
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map }));
}
