// Pre-trained backbones for trainings to begin from: pistar's own (src/grounding/), or published ones
// (published-backbone.ts). A folder of pistar's has policy.safetensors, value.safetensors (a value function's backbone
// is smaller), the tokenizer.json of both, and state.json, the names of the state's numbers in pre-training. pistar
// brings a policy's backbone for `nano`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Normalizer } from "../data/index.ts";
import {
  loadTokenizer,
  loadWeights,
  type PolicyConfig,
  parameterShapes,
  type Size,
  type TextTokenizer,
  type ValueConfig,
} from "../model/index.ts";
import { PistarError, readJsonAs, replaceFile } from "../system/index.ts";
import type { Store, TensorValue } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { normalizerOf } from "./action-space.ts";
import type { Description } from "./checkpoint.ts";
import { isPublishedBackbone, openPublishedBackbone } from "./published-backbone.ts";

/** The network of a backbone. */
export type Network = "policy" | "value";

const tokenizerFile = "tokenizer.json";
const weightsFile = (network: Network) => `${network}.safetensors`;

const stateFile = "state.json";
const stateSchema = z.array(z.string().min(1)).min(1);

const stateToken = { weight: "state_proj.weight", bias: "state_proj.bias" } as const;
const isState = (name: string) => Object.values<string>(stateToken).includes(name);
/** Name patterns of the backbone's parameters within a network; * stands for any characters. */
export const backboneNames = ["paligemma_with_expert.paligemma.*", "state_proj.*"] as const;
const isLearned = (name: string) => t.matches(name, backboneNames);

/** The robot's units, LeRobot's −100 to 100, that a backbone read as 1. */
export const stateUnit = 100;

/** pistar's own by name, for policies alone. */
const own: Readonly<Record<string, string>> = {
  nano: fileURLToPath(new URL("../../backbones/nano", import.meta.url)),
};

/** A network that begins from a backbone. */
type Beginner = Pick<Description<PolicyConfig | ValueConfig>, "config" | "robot" | "space">;

export interface PretrainedBackbone {
  readonly tokenizer: TextTokenizer;
  /**
   * The learned weights, for a network that reads the same state divided by `stateUnit`.
   * @throws Error if another network learned them
   */
  weights(config: PolicyConfig | ValueConfig): Promise<Map<string, TensorValue>>;
  /**
   * Puts the learned weights over a network's first ones. The state's are included if the robot's state has the same
   * numbers, under any normalisation.
   * @throws Error if another network learned them
   */
  over(weights: ReadonlyMap<string, TensorValue>, network: Beginner): Promise<Map<string, TensorValue>>;
}

/** The choice of a training's backbone. */
export interface BackboneChoice {
  /** pistar's own by name, a folder, or "none". */
  readonly backbone?: string | undefined;
  /** SigLIP's folder, for a published language model without eyes. */
  readonly vision?: string | undefined;
  readonly size: Size;
  /** A tokenizer.json in place of the backbone's. */
  readonly tokenizer?: string | undefined;
}

/**
 * Opens the backbone of a training: pistar's own by name, a folder, or "none".
 * @throws Error with the expected files
 */
export function openBackbone(
  { backbone, vision, size, tokenizer }: BackboneChoice,
  network: Network,
): PretrainedBackbone | undefined {
  if (backbone === undefined || backbone === "none") return undefined;
  if (backbone in own && backbone !== size)
    throw new PistarError(
      "bad-option",
      `Expected a network of size ${backbone} to begin from pistar's own backbone "${backbone}", got one of size ${size}; ` +
        `give the folder of another (pistar ground --size ${size} makes one), or none`,
    );
  const folder = own[backbone] ?? backbone;
  if (tokenizer !== undefined)
    throw new PistarError(
      "bad-option",
      `${tokenizer}: a backbone that has learned to read has a tokenizer; give it or a backbone, not both`,
      { path: tokenizer },
    );
  if (isPublishedBackbone(folder)) return openPublishedBackbone(folder, vision);
  for (const file of [tokenizerFile, stateFile, weightsFile(network)])
    if (!existsSync(join(folder, file)))
      throw new PistarError(
        "missing-file",
        `${folder}: expected a backbone's folder with ${tokenizerFile}, ${stateFile} and ${weightsFile(network)}, found no ${file}; ` +
          "pistar ground makes one, and Gemma 3, PaliGemma and SigLIP are read as Hugging Face has them",
        { path: join(folder, file) },
      );
  const read = async (config: PolicyConfig | ValueConfig, withState: boolean) => {
    const taken = [...parameterShapes(config)].filter(([name]) => isLearned(name) && (withState || !isState(name)));
    const store = t.createStore();
    await loadWeights(join(folder, weightsFile(network)), new Map(taken), store);
    const learned = await store.readAll();
    store.release();
    return learned;
  };
  return {
    tokenizer: loadTokenizer(join(folder, tokenizerFile)),
    weights: (config) => read(config, true),
    async over(weights, { config, robot, space }) {
      const shown = readJsonAs(stateSchema, join(folder, stateFile));
      const sameState = isDeepStrictEqual(shown, robot.stateNames);
      const learned = await read(config, sameState);
      return new Map([...weights, ...(sameState ? forNormalised(learned, normalizerOf(space.state)) : learned)]);
    },
  };
}

/** Converts the state's token from x / stateUnit to (x − center) / scale. The token is linear in both. */
function forNormalised(learned: Map<string, TensorValue>, { center, scale }: Normalizer): Map<string, TensorValue> {
  const weight = learned.get(stateToken.weight)!;
  const bias = learned.get(stateToken.bias)!;
  const [width, size] = weight.shape as [number, number];
  const old = weight.data as Float32Array;
  const scaled = old.map((w, at) => (w * scale[at % size]!) / stateUnit);
  const moved = Float32Array.from({ length: width }, (_, row) =>
    center.reduce((sum, x, i) => sum + (old[row * size + i]! * x) / stateUnit, (bias.data as Float32Array)[row]!),
  );
  return new Map([
    ...learned,
    [stateToken.weight, { ...weight, data: scaled }],
    [stateToken.bias, { ...bias, data: moved }],
  ]);
}

/** The training's description of its backbone. */
interface Learned {
  readonly config: PolicyConfig | ValueConfig;
  readonly tokenizer: TextTokenizer;
  /** Names of the state's numbers, read in training as multiples of `stateUnit`. */
  readonly stateNames: readonly string[];
}

/**
 * Writes a backbone from its training's store, in 16 bits.
 * @param renamed a parameter's name in the store
 */
export async function saveBackbone(
  folder: string,
  network: Network,
  { config, tokenizer, stateNames }: Learned,
  store: Store,
  renamed: (name: string) => string,
): Promise<void> {
  const weights = new Map<string, TensorValue>();
  for (const name of parameterShapes(config).keys()) {
    if (!isLearned(name)) continue;
    const { shape, data } = await store.read(renamed(name));
    weights.set(name, t.value(t.float32ToFloat16(data as Float32Array), shape));
  }
  replaceFile(join(folder, tokenizerFile), JSON.stringify(tokenizer.file));
  replaceFile(join(folder, stateFile), JSON.stringify(stateNames));
  await t.writeSafetensors(join(folder, weightsFile(network)), weights);
}
