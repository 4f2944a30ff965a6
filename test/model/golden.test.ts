// The networks against an independent implementation in PyTorch (test/golden/model/network.py): hidden states,
// velocity, logits, losses, gradients of every parameter, and sampled chunks. Weights are read under published names.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPrefix } from "../../src/model/backbone.ts";
import {
  absent,
  createActionSampler,
  createValuePredictor,
  initPolicyNetwork,
  initValueFunction,
  loadWeights,
  type PolicyConfig,
  type PrefixBatch,
  parameterShapes,
  policyLoss,
  prefixFeeds,
  prefixInputs,
  type ValueConfig,
} from "../../src/model/index.ts";
import { actionTokenLogits, velocity } from "../../src/model/policy-network.ts";
import {
  compile,
  constant,
  createStore,
  gradient,
  input,
  readSafetensors,
  type Store,
  scope,
  softmax,
  writeSafetensors,
} from "../../src/tensor/index.ts";

type Numbers = readonly number[];

interface Batch {
  readonly pictures: Record<string, Numbers>;
  readonly pictureMasks: Record<string, Numbers>;
  readonly state: Numbers;
  readonly prompt: Numbers;
  readonly promptMask: Numbers;
  readonly promptCausal: Numbers;
}

interface Targets {
  readonly actions: Numbers;
  readonly actionWeights: Numbers;
  readonly noise: Numbers;
  readonly time: Numbers;
  readonly fast: Numbers;
  readonly fastWeights: Numbers;
  readonly promptWeights: Numbers;
}

interface PolicyCase {
  readonly config: PolicyConfig;
  readonly learnsText: boolean;
  readonly batch: Batch & Targets;
  readonly unconditioned: Pick<Batch, "prompt" | "promptMask">;
  /** Prefix tokens whose hidden states were kept. */
  readonly kept: Numbers;
  readonly hidden: Numbers;
  readonly velocity: Numbers;
  readonly fastLogits: Numbers;
  readonly losses: Record<string, number>;
  /** The norm of each gradient and its product with the cosines of 0, 1, 2, … */
  readonly gradients: Record<string, readonly [number, number]>;
  readonly sampled: Numbers;
  readonly guided: Numbers;
}

interface ValueCase {
  readonly config: ValueConfig;
  readonly batch: Batch;
  readonly logits: Numbers;
}

const size = 2;
/** The tensors are small. */
const threads = 1;
const path = (file: string) => join(import.meta.dirname, "../golden/model", file);
const read = (name: string) => JSON.parse(readFileSync(path(`${name}.json`), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "pistar-golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

function observations({ pictures, pictureMasks, state, prompt, promptMask, promptCausal }: Batch): PrefixBatch {
  const each = (arrays: Record<string, Numbers>) =>
    Object.fromEntries(Object.entries(arrays).map(([camera, numbers]) => [camera, Uint8Array.from(numbers)]));
  return {
    size,
    pictures: each(pictures),
    pictureMasks: each(pictureMasks),
    state: Float32Array.from(state),
    prompt: Int32Array.from(prompt),
    promptMask: Uint8Array.from(promptMask),
    promptCausal: Uint8Array.from(promptCausal),
  };
}

function expectNear(actual: ArrayLike<number>, expected: Numbers, tolerance = 1e-4): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expect(Math.max(...expected.map((x, i) => Math.abs(x - actual[i]!))) / scale).toBeLessThan(tolerance);
}

/** The weights of a case as a store; its policy. */
async function load(name: string, config: PolicyConfig) {
  const model = scope();
  const policy = initPolicyNetwork(model, config);
  const store = createStore();
  expect(await loadWeights(path(`${name}.safetensors`), parameterShapes(config), store)).toEqual([]);
  return { model, policy, store };
}

const cases = ["pi05", "pi06", "nano"] as const;

test.each(cases)("%s: hidden states, velocity and logits of FAST tokens equal PyTorch's", async (name) => {
  const expected = read(name) as PolicyCase;
  const { config, batch, kept } = expected;
  const { policy, store } = await load(name, config);
  const inputs = prefixInputs(config, size);
  const prefix = readPrefix(policy.backbone, inputs);
  const noisy = input("noisy", [size, config.horizon, config.actionSize]);
  const time = input("time", [size, 1]);
  const fast = input("fast", [size, config.actionTokens], "i32");
  const outputs = {
    hidden: prefix.hidden,
    velocity: velocity(policy, prefix, noisy, time),
    logits: actionTokenLogits(policy, prefix, fast),
  };
  const program = await compile({ inputs: [...inputs.all, noisy, time, fast], outputs }, { store, threads });
  const feeds = prefixFeeds(config, observations(batch));
  const share = (i: number) => batch.time[Math.floor(i / (config.horizon * config.actionSize))]!;
  const run = await program.run({
    ...feeds,
    noisy: Float32Array.from(batch.noise, (x, i) => share(i) * x + (1 - share(i)) * batch.actions[i]!),
    time: Float32Array.from(batch.time),
    fast: Int32Array.from(batch.fast),
  });
  expectNear(run.velocity!.data as Float32Array, expected.velocity);
  expectNear(run.logits!.data as Float32Array, expected.fastLogits);
  // What padding is read as is nobody's concern.
  const [, length, width] = run.hidden!.shape as [number, number, number];
  let compared = 0;
  for (let sample = 0; sample < size; sample++)
    for (const [at, token] of kept.entries()) {
      const row = sample * length + token;
      if ((feeds.blocks as Int32Array)[row] === absent) continue;
      compared++;
      const from = (sample * kept.length + at) * width;
      expectNear(
        (run.hidden!.data as Float32Array).slice(row * width, (row + 1) * width),
        expected.hidden.slice(from, from + width),
      );
    }
  expect(compared).toBeGreaterThan(size * 8);
});

test.each(cases)("%s: the losses and the gradient of every parameter equal PyTorch's", async (name) => {
  const { config, learnsText, batch, losses, gradients } = read(name) as PolicyCase;
  const { model, policy, store } = await load(name, config);
  const { inputs, loss, parts } = policyLoss(policy, size, { flowWeight: 10, learnsText });
  const parameters = model.parameters;
  const outputs: Record<string, typeof loss> = Object.fromEntries(
    gradient(loss, parameters).map((tensor, i) => [`d/${parameters[i]!.node.name}`, tensor]),
  );
  for (const [part, tensor] of Object.entries(parts)) if (tensor) outputs[part] = tensor;
  const program = await compile({ inputs, outputs }, { store, threads });
  const { actions, actionWeights, noise, time, fast, fastWeights, promptWeights } = batch;
  const run = await program.run({
    ...prefixFeeds(config, observations(batch)),
    ...Object.fromEntries(
      Object.entries({ actions, actionWeights, noise, time, fastWeights, ...(learnsText && { promptWeights }) }).map(
        ([key, numbers]) => [key, Float32Array.from(numbers)],
      ),
    ),
    fast: Int32Array.from(fast),
  });
  expect(Object.keys(parts).filter((part) => parts[part as keyof typeof parts])).toEqual(Object.keys(losses));
  for (const [part, x] of Object.entries(losses)) expectNear(run[part]!.data as Float32Array, [x]);
  expect(parameters.map(({ node }) => node.name).sort()).toEqual(Object.keys(gradients).sort());
  for (const [key, [norm, product]] of Object.entries(gradients)) {
    const data = run[`d/${key}`]!.data as Float32Array;
    // A key's bias shifts all scores of a row alike: its gradient is 0 but for rounding. Of the others, PyTorch's own in f32 differ from those
    // in f64 by up to 1e-4 with 1100 tokens.
    const scale = key.endsWith("k_proj.bias") ? 1 : norm;
    expect(Math.abs(Math.hypot(...data) - norm) / scale, key).toBeLessThan(3e-4);
    const ours = data.reduce((sum, x, i) => sum + x * Math.cos(i), 0);
    expect(Math.abs(ours - product) / scale, key).toBeLessThan(3e-4);
  }
});

test("two draws of noise and time for one chunk give the mean of their losses", async () => {
  const { config, batch } = read("pi05") as PolicyCase;
  const { policy, store } = await load("pi05", config);
  const floats = (numbers: Numbers) => Float32Array.from(numbers);
  const flow = async (draws: number, noise: Numbers, time: Numbers) => {
    const { inputs, parts } = policyLoss(policy, size, { draws });
    const program = await compile({ inputs, outputs: { flow: parts.flow! } }, { store, threads });
    const run = await program.run({
      ...prefixFeeds(config, observations(batch)),
      actions: floats(batch.actions),
      actionWeights: floats(batch.actionWeights),
      fast: Int32Array.from(batch.fast),
      fastWeights: floats(batch.fastWeights),
      noise: floats(noise),
      time: floats(time),
    });
    return Number(run.flow!.data[0]);
  };
  const count = config.horizon * config.actionSize;
  const per = (numbers: Numbers, length: number) => [numbers.slice(0, length), numbers.slice(length)] as const;
  const [noiseA, noiseB] = per(batch.noise, count);
  const [timeA, timeB] = per(batch.time, 1);
  const both = await flow(2, [...noiseA, ...noiseB, ...noiseB, ...noiseA], [...timeA, ...timeB, ...timeB, ...timeA]);
  const first = await flow(1, batch.noise, batch.time);
  const second = await flow(1, [...noiseB, ...noiseA], [...timeB, ...timeA]);
  expect(Math.abs(first - second)).toBeGreaterThan(0.01);
  expect(both).toBeCloseTo((first + second) / 2, 4);
});

test.each(cases)("%s: sampled chunks equal PyTorch's, with and without guidance", async (name) => {
  const { config, batch, unconditioned, sampled, guided } = read(name) as PolicyCase;
  const { policy, store } = await load(name, config);
  const noise = Float32Array.from(batch.noise);
  const observed = observations(batch);
  const plain = await createActionSampler(policy, store, { batch: size, denoisingSteps: 10, threads });
  expectNear(await plain.sample(observed, noise), sampled);
  const guiding = await createActionSampler(policy, store, { batch: size, denoisingSteps: 5, guidance: 2, threads });
  const free = {
    prompt: Int32Array.from(unconditioned.prompt),
    promptMask: Uint8Array.from(unconditioned.promptMask),
    promptCausal: observed.promptCausal!,
  };
  expectNear(await guiding.sample(observed, noise, free), guided);
});

test("the value function's distributions equal PyTorch's", async () => {
  const { config, batch, logits } = read("value") as ValueCase;
  const value = initValueFunction(scope(), config);
  const store: Store = createStore();
  await loadWeights(path("value.safetensors"), parameterShapes(config), store);
  const valuer = await createValuePredictor(value, store, { batch: size, threads });
  const expected = softmax(constant(Float32Array.from(logits), [size, config.bins]), -1);
  const program = await compile({ outputs: { expected } });
  expectNear(
    await valuer.distributions(observations(batch)),
    [...((await program.run()).expected!.data as Float32Array)],
    1e-5,
  );
});

test("weights are read by openpi's names and by LeRobot's alike", async () => {
  const { config } = read("pi05") as PolicyCase;
  const embeddings = "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight";
  const lerobot = await readSafetensors(path("pi05.safetensors"));
  expect([...lerobot.keys()].every((name) => name.startsWith("model."))).toBe(true);
  const openpi = new Map(
    [...lerobot].map(([name, value]) => [
      name.slice("model.".length).replace("paligemma_with_expert.paligemma.lm_head.weight", embeddings),
      value,
    ]),
  );
  const file = join(folder, "openpi.safetensors");
  await writeSafetensors(file, openpi);
  const [a, b] = [createStore(), createStore()];
  await loadWeights(path("pi05.safetensors"), parameterShapes(config), a);
  await loadWeights(file, parameterShapes(config), b);
  expect(await b.readAll()).toEqual(await a.readAll());
  expect(a.names).toContain(embeddings);
});
