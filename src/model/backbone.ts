// The backbone: vision and language. Images, state and prompt become the prefix, for all later tokens to attend to. B
// batch, S prefix tokens, P prompt tokens, C width of the language model.

import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type BackboneConfig, imageTokens, prefixLength } from "./config.ts";
import { type Decoded, type Decoder, decode, initDecoder } from "./decoder.ts";
import { encodePictures, initVision, type Vision } from "./vision.ts";

/** A backbone's parameters as expressions. */
export interface Backbone {
  readonly config: BackboneConfig;
  readonly vision: Vision;
  readonly projector: Projector;
  readonly embeddings: t.nn.Embedding;
  readonly language: Decoder;
  readonly state: t.nn.Linear | undefined;
}

/** From the vision encoder's tokens to the language model's: PaliGemma's layer, or Gemma 3's norm and product. */
type Projector =
  | { readonly linear: t.nn.Linear }
  | { readonly mm_soft_emb_norm: t.nn.RmsNorm; readonly mm_input_projection_weight: Tensor };

function initProjector(scope: Scope, { vision, language }: BackboneConfig): Projector {
  if (!language.gemma3) return { linear: t.nn.initLinear(scope.at("linear"), vision.width, language.width) };
  return {
    mm_soft_emb_norm: t.nn.initRmsNorm(scope.at("mm_soft_emb_norm"), vision.width),
    mm_input_projection_weight: scope.parameter(
      "mm_input_projection_weight",
      [vision.width, language.width],
      t.normal(vision.width ** -0.5),
    ),
  };
}

/** Tokens [B, N, vision's width] → [B, N, C]. */
function project(projector: Projector, tokens: Tensor): Tensor {
  if ("linear" in projector) return t.nn.linear(projector.linear, tokens);
  return t.matmul(t.nn.rmsNorm(projector.mm_soft_emb_norm, tokens), projector.mm_input_projection_weight);
}

/** Declares the backbone under PaliGemma's names, and Gemma 3's where it differs. The state's token, if any, is "state_proj". */
export function initBackbone(scope: Scope, config: BackboneConfig): Backbone {
  const { width } = config.language;
  const model = scope.at("paligemma_with_expert").at("paligemma").at("model");
  const language = model.at("language_model");
  return {
    config,
    vision: initVision(model.at("vision_tower").at("vision_model"), config.vision),
    projector: initProjector(model.at("multi_modal_projector"), config),
    embeddings: t.nn.initEmbedding(language.at("embed_tokens"), config.vocabulary, width, t.normal(width ** -0.5)),
    language: initDecoder(language, config.language, false),
    state: config.state === "token" ? t.nn.initLinear(scope.at("state_proj"), config.stateSize, width) : undefined,
  };
}

/** The tensors of a prefix. */
export interface PrefixTensors {
  /** Images by camera, u8 [B, h, w, 3]. */
  readonly pictures: Readonly<Record<string, Tensor>>;
  /** f32 [B, stateSize], for a state as a token. */
  readonly state: Tensor | undefined;
  /** i32 [B, P]. */
  readonly prompt: Tensor;
  /** i32 [B, S]: a token attends to blocks up to its own. Absent tokens have the block `absent`. */
  readonly blocks: Tensor;
  /** i32 [B, S]: the number of present tokens before it. */
  readonly positions: Tensor;
}

/** A prefix as graph inputs. `prefixFeeds` makes their numbers. */
export interface PrefixInputs extends PrefixTensors {
  /** All inputs, for `compile`. */
  readonly all: readonly Tensor[];
}

/** The block of absent tokens: padding, and images of missing cameras. */
export const absent = 1 << 20;

/**
 * Declares the graph inputs of a prefix for `batch` observations: "pictures.CAMERA", "state", "prompt", "blocks" and
 * "positions".
 */
export function prefixInputs(config: BackboneConfig, batch: number): PrefixInputs {
  const { cameras, vision, state: kind, stateSize, promptTokens } = config;
  const { imageSize } = vision;
  const pictures = Object.fromEntries(
    cameras.map((camera) => [camera, t.input(`pictures.${camera}`, [batch, imageSize, imageSize, 3], "u8")]),
  );
  const state = kind === "token" ? t.input("state", [batch, stateSize]) : undefined;
  const prompt = t.input("prompt", [batch, promptTokens], "i32");
  const blocks = t.input("blocks", [batch, prefixLength(config)], "i32");
  const positions = t.input("positions", [batch, prefixLength(config)], "i32");
  const all = [...Object.values(pictures), ...(state ? [state] : []), prompt, blocks, positions];
  return { pictures, state, prompt, blocks, positions, all };
}

/** Observations of a batch, before they become feeds. */
export interface PrefixBatch {
  readonly size: number;
  /** Images by camera, [B, h, w, 3]. The model's missing cameras are masked. */
  readonly pictures: Readonly<Record<string, Uint8Array>>;
  /** Masks by camera, [B]: 1 for an image. Default: all, for each camera in `pictures`. */
  readonly pictureMasks?: Readonly<Record<string, Uint8Array>>;
  /** [B, stateSize], normalised. */
  readonly state: Float32Array;
  /** [B, P], tokens, and 1 for each real one. */
  readonly prompt: Int32Array;
  readonly promptMask: Uint8Array;
  /** [B, P], 1 for causal prompt tokens, such as a subtask written by the model itself. Default: none. */
  readonly promptCausal?: Uint8Array;
}

/**
 * The feeds for `prefixInputs`.
 * @throws RangeError naming the array of a wrong size
 */
export function prefixFeeds(config: BackboneConfig, batch: PrefixBatch): Record<string, t.Feed> {
  const { cameras, vision, promptTokens, stateSize, language } = config;
  const { size, prompt, promptMask, promptCausal } = batch;
  const pixels = vision.imageSize ** 2 * 3;
  const expectLength = (what: string, got: number, wanted: number) => {
    if (got !== wanted) throw new RangeError(`Expected ${wanted} numbers of ${what} for ${size} samples, got ${got}`);
  };
  expectLength("the prompt", prompt.length, size * promptTokens);
  expectLength("the prompt's mask", promptMask.length, size * promptTokens);
  const feeds: Record<string, t.Feed> = { prompt };
  if (config.state === "token") {
    expectLength("the state", batch.state.length, size * stateSize);
    feeds.state = batch.state;
  }
  for (const camera of cameras) {
    const picture = batch.pictures[camera] ?? new Uint8Array(size * pixels);
    expectLength(`the pictures of camera "${camera}"`, picture.length, size * pixels);
    feeds[`pictures.${camera}`] = picture;
  }

  const perImage = imageTokens(vision);
  const length = prefixLength(config);
  const blocks = new Int32Array(size * length).fill(absent);
  const positions = new Int32Array(size * length);
  for (let sample = 0; sample < size; sample++) {
    let at = sample * length;
    let position = 0;
    let block = 0;
    const place = (present: boolean, causal = false) => {
      if (present) {
        // Gemma 3's text is causal; PaliGemma's prompt attends both ways.
        if (causal) block++;
        blocks[at] = block;
        positions[at] = position++;
      } else positions[at] = position;
      at++;
    };
    for (const camera of cameras) {
      const mask = batch.pictureMasks?.[camera];
      const present = mask ? mask[sample] === 1 : batch.pictures[camera] !== undefined;
      for (let i = 0; i < perImage; i++) place(present);
    }
    if (config.state === "token") place(true);
    for (let i = 0; i < promptTokens; i++) {
      const index = sample * promptTokens + i;
      place(promptMask[index] === 1, language.gemma3 !== false || promptCausal?.[index] === 1);
    }
  }
  return { ...feeds, blocks, positions };
}

/** An encoded prefix, for the segments after it. */
export interface Prefix extends Decoded {
  readonly config: BackboneConfig;
  readonly inputs: PrefixTensors;
  /** Each camera's tokens for the language model, f32 [B, N, C]. */
  readonly pictures: readonly Tensor[];
  /** f32 [B, 1]: the number of present tokens. */
  readonly count: Tensor;
}

/** Encodes pictures, state and prompt once. */
export function readPrefix(backbone: Backbone, inputs: PrefixTensors): Prefix {
  const { config, vision, projector, language, state } = backbone;
  const { pictures, prompt, blocks, positions } = inputs;
  const [batch, length] = blocks.shape as [number, number];
  // One pass for all cameras.
  const seen = encodePictures(
    vision,
    t.concat(
      config.cameras.map((camera) => pictures[camera]!),
      0,
    ),
  );
  const perCamera = t.split(
    project(projector, seen),
    0,
    config.cameras.map(() => batch),
  );
  const stateToken = state ? [t.reshape(t.nn.linear(state, inputs.state!), [batch, 1, -1])] : [];
  const x = t.concat([...perCamera, ...stateToken, embed(backbone, prompt)], 1);
  const looker = t.reshape(blocks, [batch, length, 1]);
  const mask = t.lessEqual(t.reshape(blocks, [batch, 1, length]), looker);
  const decoded = decode(language, x, { mask, positions, allPositions: positions });
  const count = t.sum(t.cast(present(inputs), "f32"), 1, { keep: true });
  return { ...decoded, config, inputs, pictures: perCamera, count };
}

/** Whether each prefix token is present: bool [B, S]. */
export const present = ({ blocks }: PrefixTensors): Tensor => t.less(blocks, t.constant(Int32Array.of(absent), []));

/** The hidden state of the last present token, [B, 1, C]. */
export function lastHidden({ inputs, hidden, count }: Prefix): Tensor {
  const [batch, length] = inputs.blocks.shape as [number, number];
  const last = t.equal(t.cast(inputs.positions, "f32"), t.sub(count, 1));
  const chosen = t.cast(t.logicalAnd(last, present(inputs)), "f32");
  return t.matmul(t.reshape(chosen, [batch, 1, length]), hidden);
}

/** Embeds tokens [B, T] → [B, T, C], scaled as by Gemma. */
export const embed = ({ config, embeddings }: Backbone, tokens: Tensor): Tensor =>
  t.mul(t.nn.embedding(embeddings, tokens), Math.sqrt(config.language.width));

/** Hidden [B, T, C] → logits [B, T, vocabulary]. The output weights are the embeddings. */
export const logits = ({ embeddings }: Backbone, hidden: Tensor): Tensor =>
  t.matmul(hidden, embeddings.weight, { transposeB: true });

/**
 * Mask and positions of a segment of `length` tokens after the prefix. Every token attends to the prefix. Text is
 * causal, and its positions continue after the last present token. With `chunk`, each run of that many tokens attends
 * to itself both ways and begins at one position.
 */
export function after(
  { inputs, count }: Prefix,
  length: number,
  { chunk }: { readonly chunk?: number } = {},
): { readonly mask: Tensor; readonly positions: Tensor; readonly allPositions: Tensor } {
  const [batch, before] = inputs.blocks.shape as [number, number];
  const there = present(inputs);
  const looks = (from: number, at: number) =>
    chunk === undefined ? at <= from : Math.floor(from / chunk) === Math.floor(at / chunk);
  const own = Uint8Array.from({ length: length * length }, (_, i) =>
    looks(Math.floor(i / length), i % length) ? 1 : 0,
  );
  const ownMask = t.cast(t.constant(own, [1, length, length], "u8"), "bool");
  const mask = t.concat(
    [
      t.expand(t.reshape(there, [batch, 1, before]), [batch, length, before]),
      t.expand(ownMask, [batch, length, length]),
    ],
    2,
  );
  const order = Float32Array.from({ length }, (_, i) => (chunk === undefined ? i : i % chunk));
  const positions = t.add(count, t.constant(order, [1, length]));
  return { mask, positions, allPositions: t.concat([t.cast(inputs.positions, "f32"), positions], 1) };
}
