// Backbones that others publish, for trainings to begin from: folders of Gemma 3, PaliGemma and SigLIP as Hugging Face has them. Gemma 3 of
// 270M parameters reads text alone, so a value function takes its eyes from SigLIP's folder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import {
  type Adapt,
  loadTokenizer,
  loadWeights,
  type PolicyConfig,
  parameterShapes,
  resizePositions,
  storedShapes,
  type ValueConfig,
} from "../model/index.ts";
import { PistarError, readJsonAs } from "../system/index.ts";
import * as t from "../tensor/index.ts";
import { weightsFile } from "./checkpoint.ts";
import type { PretrainedBackbone } from "./pretrained-backbone.ts";

const tokenizerFile = "tokenizer.json";
const types = ["gemma3", "gemma3_text", "paligemma"] as const;

const textSchema = z.looseObject({
  sliding_window: z.int().nullish(),
  /** Of older transformers and of newer ones. */
  rope_scaling: z.looseObject({ factor: z.number() }).nullish(),
  rope_parameters: z
    .looseObject({ full_attention: z.looseObject({ factor: z.number().nullish() }).nullish() })
    .nullish(),
});
const configSchema = textSchema.extend({ model_type: z.enum(types), text_config: textSchema.nullish() });

const model = "paligemma_with_expert.paligemma.model.";
const parts = {
  language: `${model}language_model.`,
  vision: `${model}vision_tower.`,
  projector: `${model}multi_modal_projector.`,
} as const;
const embeddings = `${parts.language}embed_tokens.weight`;
const positions = `${parts.vision}vision_model.embeddings.position_embedding.weight`;

/** Gemma 3 has some rows for nothing, to a round number; their number differs between its sizes. */
const sparePadding = 128;

/** Whether a folder holds a published backbone rather than one of pistar's. */
export function isPublishedBackbone(folder: string): boolean {
  const path = join(folder, "config.json");
  if (!existsSync(path)) return false;
  const { model_type: type } = readJsonAs(z.looseObject({ model_type: z.unknown().optional() }), path);
  return (types as readonly unknown[]).includes(type);
}

/**
 * Opens a published backbone. The state's token, if the network has one, begins anew.
 *
 * @param folder of Gemma 3 or PaliGemma, with tokenizer.json beside the weights
 * @param siglip folder of SigLIP, for a language model without eyes
 */
export function openPublishedBackbone(folder: string, siglip: string | undefined): PretrainedBackbone {
  const tokenizer = join(folder, tokenizerFile);
  if (!existsSync(tokenizer))
    throw new PistarError("missing-file", `${folder}: expected ${tokenizerFile} beside the weights, found none`, {
      path: tokenizer,
    });
  const read = async (config: PolicyConfig | ValueConfig): Promise<Map<string, t.TensorValue>> => {
    checkLanguage(folder, config);
    const store = t.createStore();
    const expected = parameterShapes(config);
    const take = async (from: string, prefixes: readonly string[]) => {
      const taken = [...expected].filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)));
      await loadWeights(weightsFile(from), new Map(taken), store, adapt);
    };
    const stored = await storedShapes(weightsFile(folder));
    const sees = [...stored.keys()].some((name) => name.startsWith(parts.vision));
    if (!sees && siglip === undefined)
      throw new PistarError(
        "bad-option",
        `${folder}: expected a vision tower or SigLIP's folder beside it (--vision FOLDER), got text alone`,
        { path: folder },
      );
    await take(folder, sees && siglip === undefined ? Object.values(parts) : [parts.language]);
    if (siglip !== undefined) await take(siglip, [parts.vision]);
    const learned = await store.readAll();
    store.release();
    return learned;
  };
  return {
    tokenizer: loadTokenizer(tokenizer),
    weights: read,
    over: async (weights, { config }) => new Map([...weights, ...(await read(config))]),
  };
}

/** Fails if the folder's language model attends otherwise than the network. The shapes of its weights do not show it. */
function checkLanguage(folder: string, { language: { gemma3 } }: PolicyConfig | ValueConfig): void {
  const path = join(folder, "config.json");
  const { model_type: type, ...given } = readJsonAs(configSchema, path);
  const text = given.text_config ?? given;
  const shown = (config: typeof gemma3) =>
    config ? `Gemma 3 with a window of ${config.window} and positions divided by ${config.globalScaling}` : "Gemma";
  const found =
    type !== "paligemma" &&
    ({
      window: text.sliding_window ?? (gemma3 ? gemma3.window : 0),
      globalScaling: text.rope_scaling?.factor ?? text.rope_parameters?.full_attention?.factor ?? 1,
    } as const);
  if (shown(found) !== shown(gemma3))
    throw new PistarError(
      "wrong-layout",
      `${path}: expected ${shown(gemma3)}, got ${shown(found)}; choose another --size`,
      {
        path,
      },
    );
}

/** Rows for nothing are left out or zero; positions are resized to the network's pictures. */
const adapt: Adapt = (name, value, shape) => {
  const [rows, width] = value.shape as [number, number];
  if (width !== shape[1]) return undefined;
  const data = value.data as Float32Array;
  if (name === positions) return { dtype: "f32", shape, data: resizePositions(data, rows, shape[0]!) };
  if (name !== embeddings || Math.abs(rows - shape[0]!) > sparePadding) return undefined;
  const fitted = new Float32Array(shape[0]! * width);
  fitted.set(data.subarray(0, fitted.length));
  return { dtype: "f32", shape, data: fitted };
};
