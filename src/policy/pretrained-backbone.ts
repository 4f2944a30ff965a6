// Backbones that have learned to see and read before (src/grounding/), for trainings to begin from: a folder with policy.safetensors,
// value.safetensors (a value function's backbone is smaller), the tokenizer.json of both, and state.json, the names of the numbers of the state
// that they were shown. pistar brings a policy's for `nano`.
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

/** Whose backbone it is. */
export type Network = "policy" | "value";

const tokenizerFile = "tokenizer.json";
const weightsFile = (network: Network) => `${network}.safetensors`;

const stateFile = "state.json";
const stateSchema = z.array(z.string().min(1)).min(1);

const stateToken = { weight: "state_proj.weight", bias: "state_proj.bias" } as const;
const isState = (name: string) => Object.values<string>(stateToken).includes(name);
/** A network's parameters that are its backbone's; * stands for any characters. */
export const backboneNames = ["paligemma_with_expert.paligemma.*", "state_proj.*"] as const;
const isLearned = (name: string) => t.matches(name, backboneNames);

/** Of a robot's units, LeRobot's −100 to 100, a backbone was shown so many as 1. */
export const stateUnit = 100;

/** pistar's own, by name: of a policy alone. */
const own: Readonly<Record<string, string>> = {
  nano: fileURLToPath(new URL("../../backbones/nano", import.meta.url)),
};

/** What a network is that begins from a backbone. */
type Beginner = Pick<Description<PolicyConfig | ValueConfig>, "config" | "robot" | "space">;

export interface PretrainedBackbone {
  readonly tokenizer: TextTokenizer;
  /**
   * What it learned, for a network that is shown the same state divided by `stateUnit`.
   * @throws Error where it was learned by another network
   */
  weights(config: PolicyConfig | ValueConfig): Promise<Map<string, TensorValue>>;
  /**
   * Lays what was learned over the first weights of a network; of its state too where the robot's has the same numbers, however they are normalised.
   * @throws Error where it was learned by another network
   */
  over(weights: ReadonlyMap<string, TensorValue>, network: Beginner): Promise<Map<string, TensorValue>>;
}

/** Which backbone a training begins from. */
export interface BackboneChoice {
  /** pistar's own by name, a folder, or "none". */
  readonly backbone?: string | undefined;
  readonly size: Size;
  /** A tokenizer.json that takes the place of the backbone's. */
  readonly tokenizer?: string | undefined;
}

/**
 * The backbone that a training begins from: pistar's own by name, a folder, or "none".
 * @throws Error saying what was expected in the folder
 */
export function openBackbone(
  { backbone, size, tokenizer }: BackboneChoice,
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
  for (const file of [tokenizerFile, stateFile, weightsFile(network)])
    if (!existsSync(join(folder, file)))
      throw new PistarError(
        "missing-file",
        `${folder}: expected a backbone's folder with ${tokenizerFile}, ${stateFile} and ${weightsFile(network)}, found no ${file}; ` +
          "pistar ground makes one",
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

/** The state's token for (x − center) / scale in place of x / stateUnit: x is linear in both. */
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

/** What a backbone's training knows of it. */
interface Learned {
  readonly config: PolicyConfig | ValueConfig;
  readonly tokenizer: TextTokenizer;
  /** Of the numbers of the state, which the training was shown divided by `stateUnit`. */
  readonly stateNames: readonly string[];
}

/** Writes a backbone from the store of its training, in 16 bits. @param renamed what a parameter is called in the store */
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
