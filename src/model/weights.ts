// Reads and writes weights under the names of published checkpoints.
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

/** LeRobot's prefix before openpi's names. */
const lerobotPrefix = "model.";
/** A second copy of the embeddings in published files. */
const tied = "paligemma_with_expert.paligemma.lm_head.weight";
const embeddings = "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight";

/** Maps each name in the model to the file's name. */
function storedNames(names: readonly string[]): Map<string, string> {
  const stored = new Map(
    names.map((name) => [name.startsWith(lerobotPrefix) ? name.slice(lerobotPrefix.length) : name, name]),
  );
  if (stored.has(tied) && !stored.has(embeddings)) stored.set(embeddings, stored.get(tied)!);
  return stored;
}

/** The shapes in a safetensors file, under the model's names. It reads no numbers. */
export async function storedShapes(path: string): Promise<Map<string, Shape>> {
  const file = await t.openSafetensors(path);
  try {
    return new Map([...storedNames(file.names)].map(([name, stored]) => [name, file.type(stored).shape]));
  } finally {
    await file.close();
  }
}

/**
 * Reads weights into a store, as 32-bit floats. The safetensors file is π0.5's (LeRobot's names or openpi's) or
 * pistar's.
 *
 * @returns names in the file without use in the model
 * @throws PistarError wrong-layout, listing missing names, or the first wrong shape
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

/**
 * Writes a model's parameters from a store.
 * @param renamed a parameter's name in the store, such as its average's
 */
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
