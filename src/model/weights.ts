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

/** A second copy of the embeddings in published files. */
const tied = "paligemma_with_expert.paligemma.lm_head.weight";
const paligemma = "paligemma_with_expert.paligemma.model.";
const embeddings = `${paligemma}language_model.embed_tokens.weight`;
/** The output weights of the expert's class in LeRobot. Nothing uses them. */
const unused = "paligemma_with_expert.gemma_expert.lm_head.weight";

/**
 * Published names of the same tensors. π0.5's vision encoder has two spellings: newer transformers leave out
 * "vision_model". Gemma 3, PaliGemma and SigLIP have names of their own, under "model." or not.
 */
const spellings: readonly (readonly [RegExp, string])[] = [
  // LeRobot's prefix before openpi's names, and transformers' before Gemma 3's.
  [/^model\./, ""],
  [
    /^paligemma_with_expert\.paligemma\.model\.vision_tower\.(?!vision_model\.)/,
    `${paligemma}vision_tower.vision_model.`,
  ],
  [/^language_model\.(model\.)?/, `${paligemma}language_model.`],
  [/^(?=(embed_tokens|layers|norm)\.)/, `${paligemma}language_model.`],
  [
    /^(vision_tower\.)?(vision_model\.)?(?=(embeddings|encoder|post_layernorm)\.)/,
    `${paligemma}vision_tower.vision_model.`,
  ],
  [/^(?=multi_modal_projector\.)/, paligemma],
];

/** Maps each name in the model to the file's name. */
function storedNames(names: readonly string[]): Map<string, string> {
  const stored = new Map(
    names.map((name) => [spellings.reduce((text, [pattern, ours]) => text.replace(pattern, ours), name), name]),
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

/** Makes a tensor of another shape fit; undefined if it cannot. */
export type Adapt = (name: string, value: TensorValue, shape: Shape) => TensorValue | undefined;

/**
 * Reads weights into a store, as 32-bit floats. The safetensors file is π0.5's (LeRobot's names or openpi's), Gemma
 * 3's, PaliGemma's, SigLIP's or pistar's.
 *
 * @param adapt for tensors of another shape (default: none does)
 * @returns names in the file without use in the model
 * @throws PistarError wrong-layout, listing missing names, or the first wrong shape
 */
export async function loadWeights(
  path: string,
  expected: ReadonlyMap<string, Shape>,
  store: Store,
  adapt?: Adapt,
): Promise<string[]> {
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
      const read = await file.read(stored.get(name)!);
      const value =
        String(read.shape) === String(shape) ? read : adapt?.(name, floats(read, `${path}: ${name}`), shape);
      if (value === undefined)
        throw new PistarError(
          "wrong-layout",
          `${path}: expected ${name} of shape [${shape.join(", ")}], got [${read.shape.join(", ")}]`,
          { path },
        );
      await store.write([[name, floats(value, `${path}: ${name}`)]]);
    }
    return [...stored.keys()].filter((name) => !expected.has(name) && name !== tied && name !== unused);
  } finally {
    await file.close();
  }
}

function floats({ dtype, shape, data }: TensorValue, where: string): TensorValue {
  if (dtype === "f32") return { dtype, shape, data };
  if (dtype === "f16") return { dtype: "f32", shape, data: t.float16ToFloat32(data as Uint16Array) };
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

/**
 * Writes a π0.5 as LeRobot reads it, all or nothing: under its prefix, the embeddings under the name of the output
 * weights that they are tied to, and the expert's output weights, which nothing uses, as zeros.
 */
export async function saveLeRobotWeights(
  path: string,
  shapes: ReadonlyMap<string, Shape>,
  store: Store,
  renamed: (name: string) => string = (name) => name,
): Promise<void> {
  const values = new Map<string, TensorValue>();
  for (const name of shapes.keys())
    values.set(`model.${name === embeddings ? tied : name}`, await store.read(renamed(name)));
  const shape = [shapes.get(embeddings)![0]!, shapes.get("action_in_proj.bias")![0]!];
  values.set(`model.${unused}`, { dtype: "f16", shape, data: new Uint16Array(t.elements(shape)) });
  await t.writeSafetensors(path, values, { format: "pt" });
}
