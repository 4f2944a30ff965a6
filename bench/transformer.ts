// The transformer of the training benchmarks: 4 pre-norm layers, width 128, 4 heads, 0.79M parameters, 32 × 80 tokens,
// mean squared error.
import {
  adamW,
  add,
  gradient,
  input,
  mean,
  mul,
  nn,
  type Scope,
  scope,
  sub,
  type Tensor,
} from "../src/tensor/index.ts";

export const sizes = { layers: 4, width: 128, heads: 4, batch: 32, tokens: 80 };

interface Block {
  readonly norm1: nn.LayerNorm;
  readonly attention: nn.SelfAttention;
  readonly norm2: nn.LayerNorm;
  readonly mlp: nn.Mlp;
}

function initBlock(at: Scope, width: number, heads: number): Block {
  return {
    norm1: nn.initLayerNorm(at.at("norm1"), width),
    attention: nn.initSelfAttention(at.at("attention"), { width, heads, bias: true }),
    norm2: nn.initLayerNorm(at.at("norm2"), width),
    mlp: nn.initMlp(at.at("mlp"), width, 4 * width),
  };
}

function block({ norm1, attention, norm2, mlp }: Block, x: Tensor, headSize: number): Tensor {
  const attended = add(x, nn.selfAttention(attention, nn.layerNorm(norm1, x), { headSize }));
  return add(attended, nn.mlp(mlp, nn.layerNorm(norm2, attended)));
}

/** Loss, gradients and AdamW's step as one graph. */
export function transformerStep() {
  const { layers, width, heads, batch, tokens } = sizes;
  const model = scope();
  const blocks = Array.from({ length: layers }, (_, i) => initBlock(model.at("layers").at(i), width, heads));
  const norm = nn.initLayerNorm(model.at("norm"), width);
  const x = input("x", [batch, tokens, width]);
  const target = input("target", [batch, tokens, width]);
  const y = nn.layerNorm(
    norm,
    blocks.reduce((hidden, layer) => block(layer, hidden, width / heads), x),
  );
  const error = sub(y, target);
  const loss = mean(mul(error, error));
  const gradients = gradient(loss, model.parameters);
  const step = adamW(model.parameters, gradients, { learningRate: 1e-3, maxNorm: 1 });
  return { model, inputs: [x, target], loss, step };
}
