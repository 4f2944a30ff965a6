// A training step (forward, backward, clipping, AdamW) of a 0.79M-parameter transformer beside PyTorch's, alternating,
// two threads each. It needs Debian's python3-torch and libopenblas0-pthread. The last line is JSON with "ratio",
// PyTorch's median time over ours.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { random } from "../src/system/index.ts";
import { compile, countParameters, createStore, type Program, type TensorValue } from "../src/tensor/index.ts";
import { median } from "./median.ts";
import { sizes, transformerStep } from "./transformer.ts";

const threads = 2;
const rounds = 12;
const stepsPerRound = 5;
const python = process.env.PYTHON ?? "/usr/bin/python3";

interface Answer {
  readonly times: readonly number[];
  readonly loss: number;
  readonly peakMegabytes: number;
}

/** The PyTorch process: one question, one answer. */
async function startPyTorch(folder: string) {
  const script = join(import.meta.dirname, "train-step.py");
  const child: ChildProcess = spawn(python, [script, String(threads), JSON.stringify(sizes)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    child.stdin!.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`${python} stopped: is PyTorch installed (apt-get install python3-torch libopenblas0-pthread)?`);
    return value;
  };
  await ask(folder);
  return { run: async (steps: number) => JSON.parse(await ask(String(steps))) as Answer, stop: () => child.kill() };
}

async function runOurs(
  program: Program,
  feeds: Record<string, Float32Array>,
  steps: number,
): Promise<{ times: number[]; loss: number }> {
  const times: number[] = [];
  let loss = Number.NaN;
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    const outputs = await program.run(feeds);
    times.push(performance.now() - start);
    loss = Number(outputs.loss!.data[0]);
  }
  return { times, loss };
}

/** A step's time by kernel type, from ONNX Runtime's own trace, and in all, milliseconds. */
async function profile(values: ReadonlyMap<string, TensorValue>, feeds: Record<string, Float32Array>, folder: string) {
  const { inputs, loss, step } = transformerStep();
  const graph = { inputs, outputs: { loss }, updates: step.updates };
  const program = await compile(graph, { store: createStore(values), threads, profile: join(folder, "trace") });
  const { times } = await runOurs(program, feeds, 30);
  await program.release();
  const file = readdirSync(folder).find((name) => name.startsWith("trace"))!;
  const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
    cat: string;
    name: string;
    dur: number;
    args: { op_name: string };
  }[];
  const kernels = new Map<string, number>();
  for (const { cat, name, dur, args } of events)
    if (cat === "Node" && name.endsWith("_kernel_time"))
      kernels.set(args.op_name, (kernels.get(args.op_name) ?? 0) + dur / 1e3 / times.length);
  const runs = events.filter(({ name }) => name === "model_run").map(({ dur }) => dur / 1e3);
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  return { kernels, session: mean(runs), step: mean(times) };
}

const folder = mkdtempSync(join(tmpdir(), "pistar-bench-"));
const built = performance.now();
const { model, inputs, loss, step } = transformerStep();
const generator = random(0);
const values = new Map([...model.initialize(generator.split("weights")), ...step.initial]);
const program = await compile(
  { inputs, outputs: { loss }, updates: step.updates },
  { store: createStore(values), threads },
);
const buildMilliseconds = performance.now() - built;

const count = sizes.batch * sizes.tokens * sizes.width;
const draw = (name: string) => {
  const stream = generator.split(name);
  return Float32Array.from({ length: count }, () => stream.normal());
};
const feeds = { x: draw("x"), target: draw("target") };
for (const parameter of model.parameters)
  writeFileSync(join(folder, parameter.node.name!), values.get(parameter.node.name!)!.data);
for (const [name, data] of Object.entries(feeds)) writeFileSync(join(folder, name), data);
const torch = await startPyTorch(folder);

console.log(
  `${countParameters(model.parameters).toLocaleString("en")} parameters; graph built and compiled in ${buildMilliseconds.toFixed(0)} ms`,
);
const ours: number[] = [];
const theirs: number[] = [];
const ratios: number[] = [];
let peak = 0;
for (let round = 0; round <= rounds; round++) {
  const here = await runOurs(program, feeds, stepsPerRound);
  const there = await torch.run(stepsPerRound);
  if (Math.abs(here.loss / there.loss - 1) > 1e-3)
    throw new Error(`Losses differ in round ${round}: ${here.loss} and ${there.loss}`);
  if (round === 0) continue; // warm-up
  ours.push(...here.times);
  theirs.push(...there.times);
  ratios.push(median(there.times) / median(here.times));
  peak = there.peakMegabytes;
  console.log(
    `round ${round}/${rounds}: pistar ${median(here.times).toFixed(1)} ms, PyTorch ${median(there.times).toFixed(1)} ms, loss ${here.loss.toFixed(5)} and ${there.loss.toFixed(5)}`,
  );
}
torch.stop();
const ourPeak = process.resourceUsage().maxRSS / 1024;
const { kernels, session, step: stepTime } = await profile(values, feeds, folder);
rmSync(folder, { recursive: true });

const total = [...kernels.values()].reduce((a, b) => a + b, 0);
const matmul = ["Gemm", "MatMul", "FusedMatMul"].reduce((sum, name) => sum + (kernels.get(name) ?? 0), 0);
console.log("\nkernel time of a step (traced, so a little slower):");
for (const [name, milliseconds] of [...kernels].sort(([, a], [, b]) => b - a).slice(0, 10))
  console.log(
    `  ${name.padEnd(20)} ${milliseconds.toFixed(2).padStart(7)} ms ${((100 * milliseconds) / total).toFixed(1).padStart(5)} %`,
  );
const round2 = (x: number) => Math.round(x * 100) / 100;
console.log(
  JSON.stringify({
    bench: "train-step",
    ratio: round2(median(theirs) / median(ours)),
    ratioByRound: ratios.map(round2),
    milliseconds: round2(median(ours)),
    pytorchMilliseconds: round2(median(theirs)),
    matmulShare: round2(matmul / total),
    millisecondsOutsideOnnxRuntime: round2(stepTime - session),
    buildMilliseconds: Math.round(buildMilliseconds),
    peakMegabytes: Math.round(ourPeak),
    pytorchPeakMegabytes: Math.round(peak),
  }),
);
