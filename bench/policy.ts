// The nano policy beside the same network in PyTorch, alternating, two threads each. A training step has 32 samples and
// two cameras (forward, backward, clipping, AdamW, as in `pistar train`). A chunk of 16 steps is sampled with 5 Euler
// steps, β = 1 and 2. It needs Debian's python3-torch and libopenblas0-pthread. The last line is JSON with PyTorch's
// median over ours, in wall time and in CPU time; other work on the machine disturbs CPU time less. "inline" is the
// time of a chunk with fed weights over that with weights in the program.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as model from "../src/model/index.ts";
import * as t from "../src/tensor/index.ts";
import { shardedStep } from "../src/train/engine/sharded-step.ts";
import { optimiserStates, takeStep } from "../src/train/engine/step.ts";
import { median, quantile } from "./median.ts";

const threads = 2;
const rounds = 10;
const stepsPerRound = 4;
const chunksPerRound = 30;
const eulerSteps = 5;
const batch = 32;
const python = process.env.PYTHON ?? "/usr/bin/python3";

// As in a training: room for the prompts' tokens alone, in multiples of eight.
const config = model.policyConfig(
  "nano",
  { cameras: ["front", "wrist"], stateSize: 6, actionSize: 6 },
  { promptTokens: 16 },
);
const { vision, promptTokens, actionTokens, horizon, actionSize, stateSize, vocabulary, cameras } = config;

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: t.TensorData;
}

const stored = (dtype: string, shape: readonly number[], data: t.TensorData): Stored => ({ dtype, shape, data });

/** Observations of random images, and prompts that leave a quarter of their room empty. */
function observations(size: number, random: t.Random): model.PrefixBatch {
  const side = vision.imageSize;
  const integers = (count: number, below: number) => Array.from({ length: count }, () => random.integer(below));
  return {
    size,
    pictures: Object.fromEntries(cameras.map((name) => [name, Uint8Array.from(integers(size * side * side * 3, 256))])),
    state: model.drawNoise(size * stateSize, random),
    prompt: Int32Array.from(integers(size * promptTokens, vocabulary)),
    promptMask: Uint8Array.from({ length: size * promptTokens }, (_, i) =>
      Number(i % promptTokens < 0.75 * promptTokens),
    ),
  };
}

/** The same observations for PyTorch. */
function forPyTorch({ size, pictures, state, prompt, promptMask }: model.PrefixBatch) {
  const side = vision.imageSize;
  const each = (make: (camera: string) => Stored) =>
    Object.fromEntries(cameras.map((camera) => [camera, make(camera)]));
  return {
    pictures: each((camera) => stored("u8", [size, side, side, 3], pictures[camera]!)),
    pictureMasks: each(() => stored("bool", [size], new Uint8Array(size).fill(1))),
    state: stored("f32", [size, stateSize], state),
    prompt: stored("i32", [size, promptTokens], prompt),
    promptMask: stored("bool", [size, promptTokens], promptMask),
    promptCausal: stored("bool", [size, promptTokens], new Uint8Array(size * promptTokens)),
  };
}

function targets(random: t.Random) {
  const count = batch * horizon * actionSize;
  return {
    actions: model.drawNoise(count, random),
    actionWeights: new Float32Array(count).fill(1),
    noise: model.drawNoise(count, random),
    time: Float32Array.from({ length: batch }, () => model.drawTime(random)),
    fast: Int32Array.from({ length: batch * actionTokens }, () => random.integer(vocabulary)),
    fastWeights: new Float32Array(batch * actionTokens).fill(1),
  };
}

/** Writes each array to a file, and the list to index.json. */
function writeTree(folder: string, tree: unknown): void {
  let files = 0;
  const written = (entry: unknown): unknown => {
    if (!("dtype" in (entry as object)))
      return Object.fromEntries(Object.entries(entry as object).map(([key, inner]) => [key, written(inner)]));
    const { data, ...rest } = entry as Stored;
    const file = `${files++}`;
    writeFileSync(join(folder, file), data);
    return { ...rest, file };
  };
  writeFileSync(join(folder, "index.json"), JSON.stringify(written(tree)));
}

interface Answer {
  /** Milliseconds of each step or chunk, wall time and CPU time. */
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
  /** Loss of the last step, or the last chunk. */
  readonly result: number | readonly number[];
}

async function startPyTorch(folder: string) {
  const script = join(import.meta.dirname, "policy.py");
  const child = spawn(python, [script, String(threads), JSON.stringify(config), String(eulerSteps)], {
    stdio: ["pipe", "pipe", "inherit"],
    // Spinning threads would be many times slower beside other work, and hardly faster alone.
    env: {
      OMP_WAIT_POLICY: "passive",
      ...process.env,
      OPENBLAS_NUM_THREADS: String(threads),
      OMP_NUM_THREADS: String(threads),
    },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    child.stdin.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`${python} stopped: is PyTorch installed (apt-get install python3-torch libopenblas0-pthread)?`);
    return value;
  };
  await ask(folder);
  return {
    ask: async (question: object) => JSON.parse(await ask(JSON.stringify(question))) as Answer,
    stop: () => child.kill(),
  };
}

async function timed(times: number, once: () => Promise<Answer["result"]>): Promise<Answer> {
  const [wall, cpu]: [number[], number[]] = [[], []];
  let result: Answer["result"] = Number.NaN;
  for (let i = 0; i < times; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    result = await once();
    const { user, system } = process.cpuUsage(before);
    wall.push(performance.now() - start);
    cpu.push((user + system) / 1e3);
  }
  return { wall, cpu, result };
}

const random = t.random(0);
const scope = t.scope();
const policy = model.initPolicyNetwork(scope, config);
const parameters = scope.parameters;
// Gates that begin at zero would hide the expert from the comparison.
const weights = new Map(
  [...scope.initialize(random.split("weights"))].map(([name, value]) => {
    const stream = random.split(name);
    return [name, { ...value, data: (value.data as Float32Array).map((x) => x + 0.02 * stream.normal()) }];
  }),
);
const trained = observations(batch, random.split("train"));
const aims = targets(random.split("targets"));
const observed = observations(1, random.split("sample"));
const noise = model.drawNoise(horizon * actionSize, random.split("noise"));
const { prompt, promptMask } = observations(1, random.split("unconditioned"));

const folder = mkdtempSync(join(tmpdir(), "pistar-bench-"));
const chunk = [batch, horizon, actionSize];
writeTree(folder, {
  weights: Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, stored("f32", shape, data)])),
  train: {
    ...forPyTorch(trained),
    ...Object.fromEntries(
      (["actions", "actionWeights", "noise"] as const).map((name) => [name, stored("f32", chunk, aims[name])]),
    ),
    time: stored("f32", [batch], aims.time),
    fast: stored("i32", [batch, actionTokens], aims.fast),
    fastWeights: stored("f32", [batch, actionTokens], aims.fastWeights),
  },
  sample: { ...forPyTorch(observed), noise: stored("f32", [1, ...chunk.slice(1)], noise) },
  unconditioned: {
    prompt: stored("i32", [1, promptTokens], prompt),
    promptMask: stored("bool", [1, promptTokens], promptMask),
  },
});

const building = performance.now();
const objective = { parameters, loss: (size: number) => model.policyLoss(policy, size) };
const store = t.createStore([...weights, ...optimiserStates(parameters)]);
const options = { batchSize: batch, device: "cpu", threads, weightDecay: 0.01, maxNorm: 1 } as const;
const step = await shardedStep(objective, store, options);
const built = performance.now() - building;
// Chunks are sampled with the first weights, after any number of training steps.
const frozen = t.createStore(weights);
const samplers = await Promise.all(
  [1, 2].map((guidance) =>
    model.createActionSampler(policy, frozen, { denoisingSteps: eulerSteps, guidance, threads, inline: true }),
  ),
);
const fed = await model.createActionSampler(policy, frozen, { denoisingSteps: eulerSteps, threads });
const fedChunks: Answer[] = [];
const torch = await startPyTorch(folder);

console.log(
  `${t.countParameters(parameters).toLocaleString("en")} parameters, prefix of ${model.prefixLength(config)} tokens; training graph built and compiled in ${built.toFixed(0)} ms`,
);
const names = ["train", "chunk", "guidedChunk"] as const;
const rows = Object.fromEntries(names.map((name) => [name, { ours: [] as Answer[], theirs: [] as Answer[] }]));
const feeds = () => ({ ...model.prefixFeeds(config, trained), ...aims });
for (let round = 0; round <= rounds; round++) {
  const fedAnswer = await timed(chunksPerRound, async () => [...(await fed.sample(observed, noise))]);
  if (round > 0) fedChunks.push(fedAnswer);
  const answers: Record<(typeof names)[number], readonly [Answer, Answer]> = {
    chunk: [
      await timed(chunksPerRound, async () => [...(await samplers[0]!.sample(observed, noise))]),
      await torch.ask({ sample: chunksPerRound, guidance: 1 }),
    ],
    guidedChunk: [
      await timed(chunksPerRound, async () => [
        ...(await samplers[1]!.sample(observed, noise, { prompt, promptMask })),
      ]),
      await torch.ask({ sample: chunksPerRound, guidance: 2 }),
    ],
    train: [
      await timed(stepsPerRound, async () => (await takeStep(step, feeds(), 1e-3)).loss),
      await torch.ask({ train: stepsPerRound }),
    ],
  };
  for (const name of names) {
    const [here, there] = answers[name].map(({ result }) => [result].flat() as number[]);
    const apart = Math.max(...here!.map((x, i) => Math.abs(x - there![i]!) / Math.max(1, Math.abs(x))));
    if (!(apart < 2e-3)) throw new Error(`Results of "${name}" differ by ${apart} in round ${round}`);
    if (round === 0) continue; // warm-up
    rows[name]!.ours.push(answers[name][0]);
    rows[name]!.theirs.push(answers[name][1]);
  }
  const words = names.map(
    (name) => `${name} ${answers[name].map(({ wall }) => median(wall).toFixed(1)).join(" / ")} ms`,
  );
  console.log(`round ${round}/${rounds}, pistar / PyTorch: ${words.join(", ")}`);
}
torch.stop();
await step.release();
rmSync(folder, { recursive: true });

const round2 = (x: number) => Math.round(x * 100) / 100;
const report = names.map((name) => {
  const all = (answers: readonly Answer[], kind: "wall" | "cpu") => answers.flatMap((answer) => answer[kind]);
  const { ours, theirs } = rows[name]!;
  const ratio = (kind: "wall" | "cpu") => round2(median(all(theirs, kind)) / median(all(ours, kind)));
  const milliseconds = (answers: readonly Answer[]) => ({
    p50: round2(median(all(answers, "wall"))),
    p99: round2(quantile(all(answers, "wall"), 0.99)),
    cpu: round2(median(all(answers, "cpu"))),
  });
  return [
    name,
    { ratio: ratio("wall"), cpuRatio: ratio("cpu"), milliseconds: milliseconds(ours), pytorch: milliseconds(theirs) },
  ];
});
const inline = Object.fromEntries(
  (["wall", "cpu"] as const).map((kind) => {
    const middle = (answers: readonly Answer[]) => median(answers.flatMap((answer) => answer[kind]));
    return [kind, round2(middle(fedChunks) / middle(rows.chunk!.ours))];
  }),
);
console.log(JSON.stringify({ bench: "policy", ...Object.fromEntries(report), inline }));
