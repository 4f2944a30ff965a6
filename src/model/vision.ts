// The vision encoder: SigLIP's ViT (arXiv 2303.15343), and for small sizes the same blocks behind a convolutional stem.
// B pictures, N tokens, C width.

import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { gridTokens, type VisionConfig } from "./config.ts";

interface Convolution {
  readonly weight: Tensor; // [out, in, kh, kw]
  readonly bias: Tensor; // [out]
}

interface Block {
  readonly layer_norm1: t.nn.LayerNorm;
  readonly layer_norm2: t.nn.LayerNorm;
  readonly attention: {
    readonly q: t.nn.Linear;
    readonly k: t.nn.Linear;
    readonly v: t.nn.Linear;
    readonly out: t.nn.Linear;
  };
  readonly mlp: t.nn.Mlp;
}

/** Finds features and says where they are. */
interface Keypoints {
  readonly find: Tensor; // [keypoints, channels, 3, 3]; a bias would not move the softmax
  readonly place: t.nn.Linear; // [C, 2 · keypoints]
}

export interface Vision {
  readonly config: VisionConfig;
  readonly stem: readonly Convolution[];
  readonly keypoints: Keypoints | undefined;
  readonly position: Tensor; // [tokens before pooling, C]
  readonly blocks: readonly Block[];
  readonly norm: t.nn.LayerNorm;
}

/** Keeps the variance through a layer with a rectifier (He et al. 2015). */
const he: t.Initializer = (numbers, shape, random) =>
  t.normal(Math.sqrt(2 / t.elements(shape.slice(1))))(numbers, shape, random);

/** Declares the encoder's parameters under SigLIP's names in Hugging Face's checkpoints. */
export function initVision(scope: Scope, config: VisionConfig): Vision {
  const { stem, width, hidden, layers } = config;
  const convolution = (at: Scope, out: number, channels: number, kernel: number, initial: t.Initializer) => ({
    weight: at.parameter("weight", [out, channels, kernel, kernel], initial),
    bias: at.parameter("bias", [out], t.fill(0)),
  });
  const embeddings = scope.at("embeddings");
  const convolutions =
    stem.kind === "patch"
      ? [convolution(embeddings.at("patch_embedding"), width, 3, stem.pixels, t.fanIn)]
      : stem.channels.map((out, i) => convolution(embeddings.at("stem").at(i), out, stem.channels[i - 1] ?? 3, 3, he));
  if (stem.kind === "conv" && stem.channels.at(-1) !== width)
    throw new RangeError(`Expected a stem that ends in the encoder's width ${width}, got ${stem.channels.join(", ")}`);
  return {
    config,
    stem: convolutions,
    keypoints:
      stem.kind === "conv" && stem.keypoints > 0
        ? {
            find: embeddings
              .at("keypoints")
              .at("find")
              .parameter("weight", [stem.keypoints, stem.channels[1]!, 3, 3], he),
            place: t.nn.initLinear(embeddings.at("keypoints").at("place"), 2 * stem.keypoints, width),
          }
        : undefined,
    position: embeddings.at("position_embedding").parameter("weight", [gridTokens(config), width], t.normal(0.02)),
    blocks: Array.from({ length: layers }, (_, i) => {
      const at = scope.at("encoder").at("layers").at(i);
      const project = (name: string) => t.nn.initLinear(at.at("self_attn").at(name), width, width);
      return {
        layer_norm1: t.nn.initLayerNorm(at.at("layer_norm1"), width),
        layer_norm2: t.nn.initLayerNorm(at.at("layer_norm2"), width),
        attention: { q: project("q_proj"), k: project("k_proj"), v: project("v_proj"), out: project("out_proj") },
        mlp: t.nn.initMlp(at.at("mlp"), width, hidden),
      };
    }),
    norm: t.nn.initLayerNorm(scope.at("post_layernorm"), width),
  };
}

/** Bytes [B, h, w, 3] → [B, N, C]. */
export function encodePictures(vision: Vision, pictures: Tensor): Tensor {
  const { config, stem, position, blocks, norm } = vision;
  const { width, heads } = config;
  const batch = pictures.shape[0]!;
  let x = t.transpose(t.sub(t.mul(t.cast(pictures, "f32"), 2 / 255), 1), [0, 3, 1, 2]);
  let places: Tensor | undefined;
  for (const [i, { weight, bias }] of stem.entries()) {
    const patch = config.stem.kind === "patch" ? { stride: config.stem.pixels } : { stride: 2, padding: 1 };
    x = t.conv2d(x, weight, bias, patch);
    if (i < stem.length - 1) x = t.relu(x);
    if (i === 1 && vision.keypoints) places = keypoints(vision.keypoints, x);
  }
  let tokens = t.add(t.transpose(t.reshape(x, [batch, width, -1]), [0, 2, 1]), position);
  const headSize = width / heads;
  const epsilon = 1e-6;
  const normed = ({ weight, bias }: t.nn.LayerNorm, y: Tensor) => t.layerNorm(y, weight, bias, epsilon);
  for (const { layer_norm1, layer_norm2, attention, mlp } of blocks) {
    const y = normed(layer_norm1, tokens);
    const split = (layer: t.nn.Linear) => t.nn.splitHeads(t.nn.linear(layer, y), headSize);
    const seen = t.attention(split(attention.q), split(attention.k), split(attention.v));
    tokens = t.add(tokens, t.nn.linear(attention.out, t.nn.mergeHeads(seen)));
    tokens = t.add(tokens, t.nn.mlp(mlp, normed(layer_norm2, tokens)));
  }
  const grid = pooled(normed(norm, tokens), config.pool);
  return places ? t.concat([grid, places], 1) : grid;
}

/** Features [B, F, h, w] → one token [B, 1, C] of where each keypoint is: the mean place under a softmax over all places. */
function keypoints({ find, place }: Keypoints, features: Tensor): Tensor {
  const found = t.conv2d(features, find, undefined, { padding: 1 });
  const [batch, count, height, width] = found.shape as [number, number, number, number];
  const weights = t.softmax(t.reshape(found, [batch, count, height * width]), -1);
  const along = (i: number, size: number) => (2 * i + 1) / size - 1;
  const places = Float32Array.from({ length: height * width * 2 }, (_, i) => {
    const at = i >> 1;
    return i % 2 === 0 ? along(at % width, width) : along(Math.floor(at / width), height);
  });
  const where = t.matmul(weights, t.constant(places, [height * width, 2]));
  return t.reshape(t.nn.linear(place, t.reshape(where, [batch, 2 * count])), [batch, 1, -1]);
}

/** Averages squares of `size` × `size` tokens. */
function pooled(tokens: Tensor, size: number): Tensor {
  if (size === 1) return tokens;
  const [batch, count, width] = tokens.shape as [number, number, number];
  const side = Math.sqrt(count) / size;
  return t.reshape(t.mean(t.reshape(tokens, [batch, side, size, side, size, width]), [2, 4]), [
    batch,
    side * side,
    width,
  ]);
}
