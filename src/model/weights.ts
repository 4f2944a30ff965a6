// Weights in and out, under the names of published checkpoints.
import { PistarError } from "../system/index.ts";
import type { Shape, Store, TensorValue } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { PolicyConfig, ValueConfig } from "./config.ts";
import { initPolicyNetwork } from "./policy-network.ts";
import { initValueFunction } from "./value-function.ts";

/** Name and shape of every parameter, without memory for any of them. */
export function parameterShapes(config: PolicyConfig | ValueConfig): Map<string, Shape> {
  const scope = t.scope();
  if ("expert" in config) initPolicyNetwork(scope, config);
  else initValueFunction(scope, config);
  return new Map(scope.parameters.map(({ node, shape }) => [node.name!, shape]));
}

/** LeRobot puts "model." before openpi's names. */
const lerobotPrefix = "model.";
/** Stored beside the embeddings, with the same numbers. */
const tied = "paligemma_with_expert.paligemma.lm_head.weight";
const embeddings = "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight";

/** What the tensors of a file are called there, by their names in the model. */
function storedNames(names: readonly string[]): Map<string, string> {
  const stored = new Map(
    names.map((name) => [name.startsWith(lerobotPrefix) ? name.slice(lerobotPrefix.length) : name, name]),
  );
  if (stored.has(tied) && !stored.has(embeddings)) stored.set(embeddings, stored.get(tied)!);
  return stored;
}

/** Shapes of what a safetensors file holds, under the names that `loadWeights` finds them by; no number is read. */
export async function storedShapes(path: string): Promise<Map<string, Shape>> {
  const file = await t.openSafetensors(path);
  try {
    return new Map([...storedNames(file.names)].map(([name, stored]) => [name, file.type(stored).shape]));
  } finally {
    await file.close();
  }
}

/**
 * Reads a safetensors file of π0.5 (LeRobot's names or openpi's) or of pistar into a store, as 32-bit floats.
 *
 * @returns names in the file that the model has no use for
 * @throws PistarError wrong-layout, listing names that are missing, or the first whose shape is another
 */
export async function loadWeights(path: string, expected: ReadonlyMap<string, Shape>, store: Store): Promise<string[]> {
  const file = await t.openSafetensors(path);
  try {
    const stored = storedNames(file.names);
    const missing = [...expected.keys()].filter((name) => !stored.has(name));
    if (missing.length > 0)
      throw new PistarError(
        "wrong-layout",
        `${path}: expected ${expected.size} tensors, ${missing.length} are missing, such as ${missing.slice(0, 3).join(", ")}; ` +
          `the file has names like ${[...stored.values()].slice(0, 3).join(", ")}`,
        { path },
      );
    for (const [name, shape] of expected) {
      const value = await file.read(stored.get(name)!);
      if (String(value.shape) !== String(shape))
        throw new PistarError(
          "wrong-layout",
          `${path}: expected ${name} of shape [${shape.join(", ")}], got [${value.shape.join(", ")}]`,
          { path },
        );
      await store.write([[name, { dtype: "f32", shape, data: asFloats(value, `${path}: ${name}`) }]]);
    }
    return [...stored.keys()].filter((name) => !expected.has(name) && name !== tied);
  } finally {
    await file.close();
  }
}

function asFloats({ dtype, data }: TensorValue, where: string): Float32Array {
  if (dtype === "f32") return data as Float32Array;
  if (dtype === "f16") return t.float16ToFloat32(data as Uint16Array);
  throw new PistarError("wrong-layout", `${where}: expected weights as floats, got ${dtype}`, { path: where });
}

/** Writes the parameters of a model from a store. @param renamed what a parameter is called in the store, such as its average */
export async function saveWeights(
  path: string,
  shapes: ReadonlyMap<string, Shape>,
  store: Store,
  renamed: (name: string) => string = (name) => name,
): Promise<void> {
  const values = new Map<string, TensorValue>();
  for (const name of shapes.keys()) values.set(name, await store.read(renamed(name)));
  await t.writeSafetensors(path, values);
}
