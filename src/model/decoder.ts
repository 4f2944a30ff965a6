// Gemma's decoder, for the language model and the action expert. It reads a segment of tokens, given the keys and
// values before it. The prompt comes first; FAST tokens and the expert's action tokens come after the prompt. B batch,
// T tokens of the segment, S tokens before it, C width.

import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { DecoderConfig } from "./config.ts";

/** A layer's keys and values, [B, key-value heads, tokens, head size]. */
type KeysValues = readonly [Tensor, Tensor];

/** RMSNorm with a learned scale. The expert's has scale, shift and gate from a condition. */
type Norm = { readonly weight: Tensor } | { readonly dense: t.nn.Linear };

interface Layer {
  readonly input: Norm;
  /** Before the MLP. */
  readonly middle: Norm;
  /** Gemma 3's norms after attention and after the MLP. */
  readonly afterAttention?: Norm;
  readonly afterMlp?: Norm;
  readonly attention: t.nn.SelfAttention;
  readonly queryNorm?: t.nn.RmsNorm;
  readonly keyNorm?: t.nn.RmsNorm;
  readonly mlp: t.nn.GatedMlp;
}

/** A decoder's parameters as expressions. */
export interface Decoder {
  readonly config: DecoderConfig;
  readonly layers: readonly Layer[];
  readonly norm: Norm;
}

/** Gemma 3: every sixth layer attends globally, the others to a window of tokens. */
const globalEvery = 6;

/**
 * Declares a decoder under Hugging Face's names for Gemma.
 * @param adaptive whether its norms take a condition, as in π0.5's expert
 */
export function initDecoder(scope: Scope, config: DecoderConfig, adaptive: boolean): Decoder {
  const { width, hidden, heads, keyValueHeads, headSize, gemma3 } = config;
  const norm = (at: Scope): Norm => {
    if (!adaptive) return t.nn.initRmsNorm(at, width);
    // The norm begins plain and its gate open. openpi begins with closed gates, because its backbone is trained
    // already. Closed gates would keep the flow loss from a backbone that still learns to see.
    const dense = at.at("dense");
    return {
      dense: {
        weight: dense.parameter("weight", [3 * width, width], t.fill(0)),
        bias: dense.parameter("bias", [3 * width], (numbers) => {
          numbers.fill(1, 2 * width);
        }),
      },
    };
  };
  return {
    config,
    layers: Array.from({ length: config.layers }, (_, i): Layer => {
      const at = scope.at("layers").at(i);
      const attention = t.nn.initSelfAttention(at.at("self_attn"), { width, heads, keyValueHeads, headSize });
      const mlp = t.nn.initGatedMlp(at.at("mlp"), width, hidden);
      const input = norm(at.at("input_layernorm"));
      const headNorms = gemma3 && {
        queryNorm: t.nn.initRmsNorm(at.at("self_attn").at("q_norm"), headSize),
        keyNorm: t.nn.initRmsNorm(at.at("self_attn").at("k_norm"), headSize),
      };
      if (!gemma3 || adaptive)
        return { input, middle: norm(at.at("post_attention_layernorm")), attention, mlp, ...headNorms };
      return {
        input,
        afterAttention: norm(at.at("post_attention_layernorm")),
        middle: norm(at.at("pre_feedforward_layernorm")),
        afterMlp: norm(at.at("post_feedforward_layernorm")),
        attention,
        mlp,
        ...headNorms,
      };
    }),
    norm: norm(scope.at("norm")),
  };
}

/** Context of a segment of tokens. */
export interface Segment {
  /** Keys and values of every layer before the segment. None for a first segment. */
  readonly past?: readonly KeysValues[];
  /** True for a pair that may attend: bool [1 or B, T, S + T]. */
  readonly mask: Tensor;
  /** Positions of the segment's tokens [B, T] and of all tokens [B, S + T]. */
  readonly positions: Tensor;
  readonly allPositions: Tensor;
  /** The condition of an adaptive decoder, [B, R, C]: one for each of R equal parts of the segment. */
  readonly condition?: Tensor;
}

/** A decoded segment. */
export interface Decoded {
  /** Hidden states after the last norm, [B, T, C]. */
  readonly hidden: Tensor;
  /** Keys and values of the segment's own tokens, by layer. */
  readonly keysValues: readonly KeysValues[];
}

/**
 * Decodes the segment x [B, T, C].
 * @throws TypeError if adaptive norms get no condition
 */
export function decode({ config, layers, norm }: Decoder, x: Tensor, segment: Segment): Decoded {
  const { past, mask, positions, allPositions, condition } = segment;
  const { headSize, gemma3 } = config;
  const angles = {
    local: t.rotaryAngles(positions, headSize),
    global: gemma3 && t.rotaryAngles(scaledDown(positions, gemma3.globalScaling), headSize, 1e6),
  };
  const near = gemma3 ? t.logicalAnd(mask, withinWindow(positions, allPositions, gemma3.window)) : mask;
  const keysValues: KeysValues[] = [];
  let hidden = x;
  for (const [i, layer] of layers.entries()) {
    const local = gemma3 && (i + 1) % globalEvery !== 0;
    const turns = local || !angles.global ? angles.local : angles.global;
    const [y, gate] = normalize(layer.input, hidden, condition);
    const turned = (projection: t.nn.Linear, headNorm?: t.nn.RmsNorm) => {
      const split = t.nn.splitHeads(t.nn.linear(projection, y), headSize);
      return t.rotary(headNorm ? t.nn.rmsNorm(headNorm, split) : split, ...turns);
    };
    const own: KeysValues = [
      turned(layer.attention.k_proj, layer.keyNorm),
      t.nn.splitHeads(t.nn.linear(layer.attention.v_proj, y), headSize),
    ];
    keysValues.push(own);
    const [keys, values] = past ? own.map((part, at) => t.concat([past[i]![at]!, part], 2)) : own;
    const seen = t.attention(turned(layer.attention.q_proj, layer.queryNorm), keys!, values!, local ? near : mask);
    const attended = t.nn.linear(layer.attention.o_proj, t.nn.mergeHeads(seen));
    hidden = residual(hidden, layer.afterAttention ? normalize(layer.afterAttention, attended)[0] : attended, gate);
    const [z, mlpGate] = normalize(layer.middle, hidden, condition);
    const moved = t.nn.gatedMlp(layer.mlp, z);
    hidden = residual(hidden, layer.afterMlp ? normalize(layer.afterMlp, moved)[0] : moved, mlpGate);
  }
  return { hidden: normalize(norm, hidden, condition)[0], keysValues };
}

/** The normalised x [B, T, C] and, with a condition, the gate of the following branch. */
function normalize(norm: Norm, x: Tensor, condition?: Tensor): readonly [Tensor, Tensor?] {
  if ("weight" in norm) return [t.nn.rmsNorm(norm, x)];
  if (condition === undefined) throw new TypeError("Expected a condition for a decoder with adaptive norms, got none");
  const [batch, length, width] = x.shape as [number, number, number];
  const parts = condition.shape[1]!;
  const modulation = t.split(t.nn.linear(norm.dense, condition), 2, [width, width, width]);
  const [scale, shift, gate] = modulation.map((part) =>
    parts === 1
      ? part
      : t.reshape(t.expand(t.reshape(part, [batch, parts, 1, width]), [batch, parts, length / parts, width]), [
          batch,
          length,
          width,
        ]),
  );
  const plain = t.rmsNorm(x, t.full(1, [width]));
  return [t.add(t.mul(plain, t.add(scale!, 1)), shift!), gate!];
}

const residual = (x: Tensor, y: Tensor, gate: Tensor | undefined): Tensor => t.add(x, gate ? t.mul(y, gate) : y);

/** Positions [B, T] divided by `factor`. */
const scaledDown = (positions: Tensor, factor: number): Tensor =>
  factor === 1 ? positions : t.mul(t.cast(positions, "f32"), 1 / factor);

/** Whether a token is less than a window behind another. What is ahead is left to the mask. Bool [B, T, S + T]. */
function withinWindow(positions: Tensor, all: Tensor, window: number): Tensor {
  const [batch, length] = positions.shape as [number, number];
  const behind = t.sub(
    t.reshape(t.cast(positions, "f32"), [batch, length, 1]),
    t.reshape(t.cast(all, "f32"), [batch, 1, -1]),
  );
  return t.less(behind, window);
}
