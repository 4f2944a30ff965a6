// The engine's overhead beside arithmetic: a run of ten small nodes, and building and compiling the transformer's
// training graph. The last line is JSON in milliseconds. Targets: 0.3 ms for a run, 1,000 ms to build and compile at
// most.

import { random } from "../src/system/index.ts";
import { add, compile, createStore, input, mul, type Tensor } from "../src/tensor/index.ts";
import { median, quantile } from "./median.ts";
import { transformerStep } from "./transformer.ts";

const x = input("x", [8]);
let y: Tensor = x;
for (let i = 0; i < 5; i++) y = add(mul(y, x), y);
const small = await compile({ inputs: [x], outputs: { y } });
const feed = { x: new Float32Array(8).fill(0.5) };
const runs: number[] = [];
for (let i = 0; i < 5000; i++) {
  const start = performance.now();
  await small.run(feed);
  if (i >= 500) runs.push(performance.now() - start);
}
await small.release();

const compiles: number[] = [];
for (let i = 0; i < 7; i++) {
  const start = performance.now();
  const { inputs, loss, step, model } = transformerStep();
  const graph = performance.now();
  const store = createStore([...model.initialize(random(i)), ...step.initial]);
  const initialized = performance.now();
  const program = await compile({ inputs, outputs: { loss }, updates: step.updates }, { store });
  const end = performance.now();
  compiles.push(graph - start + (end - initialized));
  console.log(`graph ${(graph - start).toFixed(0)} ms, compile ${(end - initialized).toFixed(0)} ms`);
  await program.release();
}
const round = (value: number) => Math.round(value * 1000) / 1000;
const result = {
  bench: "overhead",
  runMilliseconds: round(median(runs)),
  runMillisecondsP99: round(quantile(runs, 0.99)),
  buildMilliseconds: round(median(compiles)),
  buildMillisecondsFirst: round(compiles[0]!),
};
console.log(JSON.stringify(result));
