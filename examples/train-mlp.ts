// Fits y = sin(3x) · x with a small network: npx tsx examples/train-mlp.ts It shows the whole engine: declare
// parameters, build a loss, take its gradient, compile, run, save, load, export.
import { mkdirSync } from "node:fs";
import * as t from "../src/tensor/index.ts";

// 1. The model: parameters under names, and a function that applies them.
const model = t.scope();
const first = t.nn.initLinear(model.at("first"), 1, 64);
const mlp = t.nn.initMlp(model.at("mlp"), 64, 128);
const last = t.nn.initLinear(model.at("last"), 64, 1);
const predict = (x: t.Tensor) => t.nn.linear(last, t.nn.mlp(mlp, t.gelu(t.nn.linear(first, x))));

// 2. The training step as one graph. Nothing is computed yet.
const batch = 64;
const x = t.input("x", [batch, 1]);
const y = t.input("y", [batch, 1]);
const learningRate = t.input("learningRate", []);
const error = t.sub(predict(x), y);
const loss = t.mean(t.mul(error, error));
const step = t.adamW(model.parameters, t.gradient(loss, model.parameters), { learningRate });

// 3. Numbers live in a store. Its programs read and update them.
const random = t.random(0);
const store = t.createStore([...model.initialize(random.split("weights")), ...step.initial]);
const train = await t.compile({ inputs: [x, y, learningRate], outputs: { loss }, updates: step.updates }, { store });

const draws = random.split("data");
const total = 2000;
for (let i = 0; i <= total; i++) {
  const xs = Float32Array.from({ length: batch }, () => 4 * draws.uniform() - 2);
  const ys = xs.map((v) => Math.sin(3 * v) * v);
  const rate = t.warmupCosine(i, { peak: 0.01, warmup: 50, total });
  const result = await train.run({ x: xs, y: ys, learningRate: rate });
  if (i % 250 === 0) console.log(`step ${String(i).padStart(4)}  loss ${Number(result.loss!.data[0]).toFixed(5)}`);
}

// 4. Save the weights, load them into a new store, and export the model for any ONNX runtime.
mkdirSync("runs/train-mlp", { recursive: true });
const weights = [...(await store.readAll())].filter(([name]) => !name.startsWith("adamw."));
await t.writeSafetensors("runs/train-mlp/model.safetensors", weights);
const restored = t.createStore(await t.readSafetensors("runs/train-mlp/model.safetensors"));
const point = t.input("x", [1, 1]);
const prediction = { inputs: [point], outputs: { y: predict(point) } };
await t.exportOnnx("runs/train-mlp/model.onnx", prediction, restored);

const program = await t.compile(prediction, { store: restored });
const result = await program.run({ x: Float32Array.of(1.5) });
console.log(`f(1.5) = ${Number(result.y!.data[0]).toFixed(3)}, should be ${(Math.sin(4.5) * 1.5).toFixed(3)}`);
