// The same training steps on WebGPU and on the CPU. It needs a Vulkan driver; Debian's chromium brings SwiftShader, a
// driver in software.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { random } from "../src/system/index.ts";
import {
  add,
  compile,
  concat,
  constant,
  conv2d,
  createStore,
  crossEntropy,
  type Device,
  input,
  linear,
  nn,
  reshape,
  rotaryAngles,
  scope,
  transpose,
  whyUnavailable,
} from "../src/tensor/index.ts";
import { type Objective, optimiserStates } from "../src/train/engine/step.ts";
import { wholeStep } from "../src/train/engine/whole-step.ts";

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(swiftShader)) process.env.VK_ICD_FILENAMES ??= swiftShader;

/** A tiny vision-language model: patches by convolution, tokens by embedding, a Gemma block, class logits. Its loss on two samples. */
function tinyModel() {
  const root = scope();
  const images = input("images", [2, 3, 8, 8]);
  const tokens = input("tokens", [2, 4], "i32");
  const labels = input("labels", [2, 8], "i32");
  const patches = nn.initLinear(root.at("patches"), 3 * 4 * 4, 16);
  const embedding = nn.initEmbedding(root.at("embedding"), 11, 16);
  const norm = nn.initRmsNorm(root.at("norm"), 16);
  const self = nn.initSelfAttention(root.at("attention"), { width: 16, heads: 4, keyValueHeads: 2 });
  const mlp = nn.initGatedMlp(root.at("mlp"), 16, 24);
  const last = nn.initLayerNorm(root.at("last"), 16);

  const features = conv2d(images, reshape(patches.weight, [16, 3, 4, 4]), patches.bias, { stride: 4 });
  const seen = transpose(reshape(features, [2, 16, 4]), [0, 2, 1]);
  const x = concat([seen, nn.embedding(embedding, tokens)], 1);
  const angles = rotaryAngles(constant(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), [1, 8]), 4);
  const causal = constant(
    Uint8Array.from({ length: 64 }, (_, i) => Number(i % 8 <= i / 8)),
    [8, 8],
    "bool",
  );
  const h = nn.rmsNorm(norm, x);
  const y = add(nn.selfAttention(self, h, { headSize: 4, angles, mask: causal }), nn.gatedMlp(mlp, h));
  const loss = crossEntropy(linear(nn.layerNorm(last, y), embedding.weight), labels);
  const terms = [{ name: "classes", value: loss, factor: 1, weight: () => 1 }];
  const objective: Objective = {
    parameters: root.parameters,
    loss: () => ({ inputs: [images, tokens, labels], terms }),
  };
  return { root, objective };
}

async function train(device: Device) {
  const { root, objective } = tinyModel();
  const generator = random(2);
  const store = createStore([...root.initialize(generator), ...optimiserStates(root.parameters)]);
  const options = { batchSize: 2, device, threads: 2, weightDecay: 0.01, maxNorm: 1 };
  const step = await wholeStep(objective, store, options);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const draw = (length: number, below: number) => Int32Array.from({ length }, () => generator.integer(below));
    const images = Float32Array.from({ length: 384 }, generator.normal);
    losses.push((await step.gradient({ images, tokens: draw(8, 11), labels: draw(16, 11) })).loss!);
    if (i === 2) await step.exchange((gradient) => gradient.set(gradient.map((x) => x / 2)));
    await step.update(0.01);
  }
  await step.release();
  const values = await store.readAll();
  store.release();
  return { losses, values };
}

const available = (await whyUnavailable("webgpu")) === undefined;

test.skipIf(!available && process.env.CI === undefined)(
  "training steps on WebGPU equal the CPU's",
  { timeout: 300_000 },
  async () => {
    const [here, there] = [await train("cpu"), await train("webgpu")];
    there.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(here.losses[i]!, 4);
    });
    for (const [name, { data }] of here.values)
      there.values.get(name)!.data.forEach((x, i) => {
        expect(Math.abs(Number(x) - Number(data[i])), `${name}[${i}]`).toBeLessThan(1e-4);
      });
  },
);

test("a device that is missing says what to install", async () => {
  const graph = { outputs: { one: constant(Float32Array.of(1)) } };
  await expect(compile(graph, { device: "tpu" as Device })).rejects.toThrow(
    "Expected a device of cpu, webgpu, cuda, got tpu",
  );
  const refused = await compile(graph, { device: "cuda" }).catch((error: Error) => error.message);
  if (typeof refused === "string") expect(refused).toContain("npm rebuild onnxruntime-node");
});
