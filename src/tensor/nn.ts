// Layers as functions over plain trees of parameters. `init…` declares a tree in a scope; the function without `init`
// applies it. B batch, T tokens, C width, H heads, D head size.
import type { Tensor } from "./expression.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { attention } from "./ops/attention.ts";
import { gelu, silu } from "./ops/elementwise.ts";
import { gather } from "./ops/indexing.ts";
import { linear as affine } from "./ops/matmul.ts";
import { layerNorm as normalizeLayer, rmsNorm as normalizeRms } from "./ops/normalization.ts";
import { rotary } from "./ops/rotary.ts";
import { reshape, transpose } from "./ops/shape.ts";
import { fanIn, fill, type Initializer, normal, type Scope } from "./parameters.ts";

/** Parameters of an affine map. */
export interface Linear {
  readonly weight: Tensor; // [out, in]
  readonly bias?: Tensor; // [out]
}

/** Declares a layer x [..., inputs] → [..., outputs]. The weight begins uniform by fan-in, the bias at 0. */
export function initLinear(
  scope: Scope,
  inputs: number,
  outputs: number,
  { bias = true }: { bias?: boolean } = {},
): Linear {
  const weight = scope.parameter("weight", [outputs, inputs], fanIn);
  return bias ? { weight, bias: scope.parameter("bias", [outputs], fill(0)) } : { weight };
}

/** x · weightᵀ + bias: x [..., in] → [..., out]. */
export const linear = ({ weight, bias }: Linear, x: Tensor): Tensor => affine(x, weight, bias);

/** A row of C numbers for each token. */
export interface Embedding {
  readonly weight: Tensor; // [vocabulary, C]
}

/** Declares a table of `vocabulary` rows of `width` numbers, by default normal with deviation 0.02. */
export const initEmbedding = (
  scope: Scope,
  vocabulary: number,
  width: number,
  initializer: Initializer = normal(0.02),
): Embedding => ({
  weight: scope.parameter("weight", [vocabulary, width], initializer),
});

/** Tokens i32 or i64 [...] → rows [..., C]. */
export const embedding = ({ weight }: Embedding, tokens: Tensor): Tensor => gather(weight, tokens);

/** Parameters of layer normalisation. */
export interface LayerNorm {
  readonly weight: Tensor; // [C]
  readonly bias: Tensor; // [C]
}

/** Declares scale 1 and shift 0. */
export const initLayerNorm = (scope: Scope, width: number): LayerNorm => ({
  weight: scope.parameter("weight", [width], fill(1)),
  bias: scope.parameter("bias", [width], fill(0)),
});

/** Layer normalisation over the last axis: x [..., C] → [..., C]. */
export const layerNorm = ({ weight, bias }: LayerNorm, x: Tensor): Tensor => normalizeLayer(x, weight, bias);

/** Parameter of root-mean-square normalisation. */
export interface RmsNorm {
  readonly weight: Tensor; // [C], the scale minus 1, as Gemma stores it
}

/** Declares a scale of 1, stored as 0. */
export const initRmsNorm = (scope: Scope, width: number): RmsNorm => ({
  weight: scope.parameter("weight", [width], fill(0)),
});

/** Root-mean-square normalisation over the last axis: x [..., C] → [..., C]. */
export const rmsNorm = ({ weight }: RmsNorm, x: Tensor): Tensor => normalizeRms(x, add(weight, 1));

/** Projections of attention, under Hugging Face's names. */
export interface SelfAttention {
  readonly q_proj: Linear;
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly o_proj: Linear;
}

/** Sizes of an attention layer. */
export interface AttentionSizes {
  readonly width: number;
  readonly heads: number;
  /** Default: as many as heads. */
  readonly keyValueHeads?: number;
  /** Default: width / heads. */
  readonly headSize?: number;
  readonly bias?: boolean;
}

/** Declares the four projections of attention, by default without biases. */
export function initSelfAttention(
  scope: Scope,
  { width, heads, keyValueHeads = heads, headSize = width / heads, bias = false }: AttentionSizes,
): SelfAttention {
  const project = (key: string, inputs: number, outputs: number) =>
    initLinear(scope.at(key), inputs, outputs, { bias });
  return {
    q_proj: project("q_proj", width, heads * headSize),
    k_proj: project("k_proj", width, keyValueHeads * headSize),
    v_proj: project("v_proj", width, keyValueHeads * headSize),
    o_proj: project("o_proj", heads * headSize, width),
  };
}

/** [B, T, H·D] → [B, H, T, D] */
export function splitHeads(x: Tensor, headSize: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, length, width / headSize, headSize]), [0, 2, 1, 3]);
}

/** [B, H, T, D] → [B, T, H·D] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, length, size] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, heads * size]);
}

export interface SelfAttentionOptions {
  readonly headSize: number;
  readonly mask?: Tensor;
  /** Cosines and sines of `rotaryAngles`, for rotating queries and keys. */
  readonly angles?: readonly [Tensor, Tensor];
}

/** Multi-head self-attention: x [B, T, C] → [B, T, C]. */
export function selfAttention(
  layer: SelfAttention,
  x: Tensor,
  { headSize, mask, angles }: SelfAttentionOptions,
): Tensor {
  const turn = (heads: Tensor) => (angles === undefined ? heads : rotary(heads, ...angles));
  const q = turn(splitHeads(linear(layer.q_proj, x), headSize));
  const k = turn(splitHeads(linear(layer.k_proj, x), headSize));
  const v = splitHeads(linear(layer.v_proj, x), headSize);
  return linear(layer.o_proj, mergeHeads(attention(q, k, v, mask)));
}

/** A two-layer perceptron. */
export interface Mlp {
  readonly fc1: Linear;
  readonly fc2: Linear;
}

/** Declares a perceptron width → hidden → width with biases. */
export const initMlp = (scope: Scope, width: number, hidden: number): Mlp => ({
  fc1: initLinear(scope.at("fc1"), width, hidden),
  fc2: initLinear(scope.at("fc2"), hidden, width),
});

/** fc2(gelu(fc1(x))) with gelu's tanh form, as in SigLIP. x [..., C] → [..., C]. */
export const mlp = ({ fc1, fc2 }: Mlp, x: Tensor): Tensor => linear(fc2, gelu(linear(fc1, x), "tanh"));

/** A gated perceptron, under Hugging Face's names. */
export interface GatedMlp {
  readonly gate_proj: Linear;
  readonly up_proj: Linear;
  readonly down_proj: Linear;
}

/** Declares a gated perceptron width → hidden → width without biases. */
export function initGatedMlp(scope: Scope, width: number, hidden: number): GatedMlp {
  const project = (key: string, inputs: number, outputs: number) =>
    initLinear(scope.at(key), inputs, outputs, { bias: false });
  return {
    gate_proj: project("gate_proj", width, hidden),
    up_proj: project("up_proj", width, hidden),
    down_proj: project("down_proj", hidden, width),
  };
}

/**
 * down(activation(gate(x)) · up(x)) (Shazeer 2020): Gemma takes gelu's tanh form, Llama silu. x [..., C] → [..., C].
 */
export function gatedMlp(
  { gate_proj, up_proj, down_proj }: GatedMlp,
  x: Tensor,
  activation: "gelu" | "silu" = "gelu",
): Tensor {
  const gate = linear(gate_proj, x);
  const open = activation === "gelu" ? gelu(gate, "tanh") : silu(gate);
  return linear(down_proj, mul(open, linear(up_proj, x)));
}
