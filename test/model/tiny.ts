// A tiny policy for tests of every number, and its batches.
import {
  initPolicyNetwork,
  type PolicyConfig,
  type PolicyNetwork,
  type PrefixBatch,
  policyConfig,
} from "../../src/model/index.ts";
import { type Random, random } from "../../src/system/index.ts";
import { createStore, type Scope, type Store, scope } from "../../src/tensor/index.ts";

const vision = { kind: "keypoints", imageSize: 16, channels: [4, 8], keypoints: 3, width: 8 } as const;
const language = { width: 16, layers: 2, hidden: 24, heads: 4, keyValueHeads: 2, headSize: 4, gemma3: false } as const;

export const tinyConfig = (changes: Partial<PolicyConfig> = {}): PolicyConfig =>
  policyConfig(
    "nano",
    { cameras: ["front", "wrist"], stateSize: 3, actionSize: 2 },
    {
      vision,
      language,
      expert: { width: 12, hidden: 20 },
      vocabulary: 40,
      promptTokens: 6,
      actionTokens: 5,
      horizon: 4,
      ...changes,
    },
  );

export interface Tiny {
  readonly scope: Scope;
  readonly policy: PolicyNetwork;
  readonly store: Store;
}

/** With all parameters random: those that begin as zero, such as the expert's gates, would hide what passes through them. */
export function tinyPolicy(config: PolicyConfig): Tiny {
  const model = scope();
  const policy = initPolicyNetwork(model, config);
  const generator = random("tiny");
  const values = [...model.initialize(generator)].map(([name, value]) => {
    const data = (value.data as Float32Array).map((x) => x + 0.2 * generator.normal());
    return [name, { ...value, data }] as const;
  });
  return { scope: model, policy, store: createStore(values) };
}

export const normals = (count: number, generator: Random): Float32Array =>
  Float32Array.from({ length: count }, () => generator.normal());

export function tinyBatch(
  { vision, stateSize, promptTokens }: PolicyConfig,
  size: number,
  generator: Random,
): PrefixBatch {
  const picture = () => Uint8Array.from({ length: size * vision.imageSize ** 2 * 3 }, () => generator.integer(256));
  return {
    size,
    pictures: { front: picture(), wrist: picture() },
    state: normals(size * stateSize, generator),
    prompt: Int32Array.from({ length: size * promptTokens }, () => generator.integer(30)),
    promptMask: Uint8Array.from({ length: size * promptTokens }, (_, i) => (i % promptTokens < 4 ? 1 : 0)),
  };
}

/** Feeds of the loss: everything beside the prefix. */
export function tinyTargets({ horizon, actionSize, actionTokens }: PolicyConfig, size: number, generator: Random) {
  const count = size * horizon * actionSize;
  return {
    actions: normals(count, generator),
    actionWeights: new Float32Array(count).fill(1),
    noise: normals(count, generator),
    time: Float32Array.from({ length: size }, () => generator.uniform()),
    fast: Int32Array.from({ length: size * actionTokens }, () => 30 + generator.integer(10)),
    fastWeights: new Float32Array(size * actionTokens).fill(1),
  };
}
