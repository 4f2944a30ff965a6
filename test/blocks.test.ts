// Two transformer blocks against PyTorch: loss, gradients, and ten steps of AdamW with clipping and a decay mask.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  adamW,
  add,
  compile,
  createStore,
  gradient,
  input,
  mean,
  mul,
  nn,
  rotaryAngles,
  type Scope,
  scope,
  sub,
  type Tensor,
  value,
} from "../src/tensor/index.ts";

interface Golden {
  x: number[];
  target: number[];
  mask: number[];
  positions: number[];
  shapes: Record<string, number[]>;
  initial: Record<string, number[]>;
  gradients: Record<string, number[]>;
  losses: number[];
  norms: number[];
  final: Record<string, number[]>;
}
const golden = JSON.parse(readFileSync(new URL("golden/blocks/blocks.json", import.meta.url), "utf8")) as Record<
  string,
  Golden
>;

const [batch, tokens, width, heads, groups, hidden] = [2, 6, 16, 4, 2, 32] as const;
const headSize = width / heads;

function siglip(at: Scope, x: Tensor, mask: Tensor): Tensor {
  const norm1 = nn.initLayerNorm(at.at("norm1"), width);
  const norm2 = nn.initLayerNorm(at.at("norm2"), width);
  const attention = nn.initSelfAttention(at.at("attention"), { width, heads, bias: true });
  const mlp = nn.initMlp(at.at("mlp"), width, hidden);
  const y = add(x, nn.selfAttention(attention, nn.layerNorm(norm1, x), { headSize, mask }));
  return add(y, nn.mlp(mlp, nn.layerNorm(norm2, y)));
}

function gemma(at: Scope, x: Tensor, mask: Tensor, positions: Tensor): Tensor {
  const norm1 = nn.initRmsNorm(at.at("norm1"), width);
  const norm2 = nn.initRmsNorm(at.at("norm2"), width);
  const attention = nn.initSelfAttention(at.at("attention"), { width, heads, keyValueHeads: groups });
  const mlp = nn.initGatedMlp(at.at("mlp"), width, hidden);
  const angles = rotaryAngles(positions, headSize);
  const y = add(x, nn.selfAttention(attention, nn.rmsNorm(norm1, x), { headSize, mask, angles }));
  return add(y, nn.gatedMlp(mlp, nn.rmsNorm(norm2, y)));
}

/** The largest difference over the largest number: 1e-4 is the bar. */
function difference(actual: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(x - actual[i]!))) / scale;
}

test.each([
  ["siglip", siglip],
  ["gemma", gemma],
] as const)("%s block: gradients and ten AdamW steps equal PyTorch's", async (name, block) => {
  const expected = golden[name]!;
  const model = scope();
  const x = input("x", [batch, tokens, width]);
  const target = input("target", [batch, tokens, width]);
  const mask = input("mask", [batch, tokens, tokens], "bool");
  const positions = input("positions", [batch, tokens], "i32");
  const error = sub(block(model, x, mask, positions), target);
  const loss = mean(mul(error, error));
  const gradients = gradient(loss, model.parameters);
  const vectors = model.parameters.filter(({ shape }) => shape.length === 1).map(({ node }) => node.name!);
  const options = { learningRate: 3e-3, beta2: 0.95, weightDecay: 0.1, undecayed: vectors, maxNorm: 0.25 };
  const step = adamW(model.parameters, gradients, options);

  expect(Object.fromEntries(model.parameters.map(({ node, shape }) => [node.name, shape]))).toEqual(expected.shapes);
  const initial = Object.entries(expected.initial).map(
    ([key, numbers]) => [key, value(Float32Array.from(numbers), expected.shapes[key]!)] as const,
  );
  const store = createStore([...initial, ...step.initial]);
  const inputs = [x, target, mask, positions];
  const named = Object.fromEntries(model.parameters.map(({ node }, i) => [`d/${node.name}`, gradients[i]!]));
  const outputs = { loss, norm: step.gradientNorm, ...named };
  const program = await compile({ inputs, outputs, updates: step.updates }, { store });
  const feeds = {
    x: Float32Array.from(expected.x),
    target: Float32Array.from(expected.target),
    mask: Uint8Array.from(expected.mask),
    positions: Int32Array.from(expected.positions),
  };
  for (let i = 0; i < 10; i++) {
    const result = await program.run(feeds);
    expect(difference(result.loss!.data as Float32Array, [expected.losses[i]!])).toBeLessThan(1e-4);
    expect(difference(result.norm!.data as Float32Array, [expected.norms[i]!])).toBeLessThan(1e-4);
    if (i > 0) continue;
    for (const [key, numbers] of Object.entries(expected.gradients)) {
      // A key's bias shifts all scores of a row alike: its gradient is 0 but for rounding.
      const got = result[`d/${key}`]!.data as Float32Array;
      if (key === "attention.k_proj.bias") expect(Math.max(...got.map(Math.abs))).toBeLessThan(1e-7);
      else expect(difference(got, numbers), key).toBeLessThan(1e-4);
    }
  }
  for (const [key, numbers] of Object.entries(expected.final)) {
    if (key === "attention.k_proj.bias") continue; // Adam makes whole steps of that rounding
    expect(difference((await store.read(key)).data as Float32Array, numbers), key).toBeLessThan(1e-4);
  }
});
