// SigLIP's vision transformer (arXiv 2303.15343). B images, N tokens, C width.
import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { imageTokens, type SiglipConfig } from "./config.ts";

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

/** Parameters of SigLIP's encoder. */
export interface Siglip {
  readonly config: SiglipConfig;
  readonly patches: { readonly weight: Tensor; readonly bias: Tensor }; // [C, 3, patch, patch], [C]
  readonly position: Tensor; // [tokens before pooling, C]
  readonly blocks: readonly Block[];
  readonly norm: t.nn.LayerNorm;
}

/** Declares the encoder's parameters under SigLIP's names in Hugging Face's checkpoints. */
export function initSiglip(scope: Scope, config: SiglipConfig): Siglip {
  const { width, hidden, layers, patch, pool } = config;
  const embeddings = scope.at("embeddings");
  const patches = embeddings.at("patch_embedding");
  return {
    config,
    patches: {
      weight: patches.parameter("weight", [width, 3, patch, patch], t.fanIn),
      bias: patches.parameter("bias", [width], t.fill(0)),
    },
    position: embeddings
      .at("position_embedding")
      .parameter("weight", [imageTokens(config) * pool ** 2, width], t.normal(0.02)),
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

/** Images [B, 3, h, w], −1 to 1 → tokens [B, N, C]. */
export function encodePatches({ config, patches, position, blocks, norm }: Siglip, pictures: Tensor): Tensor {
  const { width, heads, patch, pool } = config;
  const x = t.conv2d(pictures, patches.weight, patches.bias, { stride: patch });
  let tokens = t.add(t.transpose(t.reshape(x, [pictures.shape[0]!, width, -1]), [0, 2, 1]), position);
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
  return pooled(normed(norm, tokens), pool);
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
