// Real-time chunking: the unrolled program against the paper's formulas, with the Jacobian by finite differences.
import { afterAll, expect, test } from "vitest";
import { readPrefix } from "../../src/model/backbone.ts";
import {
  type ActionSamplerOptions,
  createActionSampler,
  givenSteps,
  policyLoss,
  prefixFeeds,
  prefixInputs,
  softMask,
} from "../../src/model/index.ts";
import { velocity } from "../../src/model/policy-network.ts";
import { random } from "../../src/system/index.ts";
import { compile, input } from "../../src/tensor/index.ts";
import { normals, tinyBatch, tinyConfig, tinyPolicy } from "./tiny.ts";

const config = tinyConfig();
const tiny = tinyPolicy(config);
const generator = random(7);
const batch = tinyBatch(config, 1, generator);
const { horizon, actionSize } = config;
const count = horizon * actionSize;
const [noise, previous] = [normals(count, generator), normals(count, generator)];
const unconditioned = { prompt: batch.prompt.map((token) => (token + 1) % 30), promptMask: batch.promptMask };

const inputs = prefixInputs(config, 1);
const [x, time] = [input("x", [1, horizon, actionSize]), input("time", [1, 1])];
const v = velocity(tiny.policy, readPrefix(tiny.policy.backbone, inputs), x, time);
const program = await compile({ inputs: [...inputs.all, x, time], outputs: { v } }, tiny);
afterAll(() => program.release());

async function velocityAt(x: Float32Array, time: number, guidance: number): Promise<Float32Array> {
  const ask = async (prompts: object) => {
    const feeds = { ...prefixFeeds(config, { ...batch, ...prompts }), x, time: Float32Array.of(time) };
    return (await program.run(feeds)).v!.data as Float32Array;
  };
  const conditioned = await ask({});
  if (guidance === 1) return conditioned;
  return (await ask(unconditioned)).map((free, i) => free + guidance * (conditioned[i]! - free));
}

/** Eq. 2 to 4 in the paper's time τ, with the velocity towards the action. */
async function published(steps: number, beta: number, weights: Float32Array, guidance = 1): Promise<Float32Array> {
  const towards = async (x: Float32Array, tau: number) => (await velocityAt(x, 1 - tau, guidance)).map((v) => -v);
  const finish = async (x: Float32Array, tau: number) => (await towards(x, tau)).map((v, i) => x[i]! + (1 - tau) * v);
  let x = noise.slice();
  for (let step = 0; step < steps; step++) {
    const tau = step / steps;
    const v = await towards(x, tau);
    const finished = await finish(x, tau);
    const error = finished.map((a, i) => (previous[i]! - a) * weights[Math.floor(i / actionSize)]!);
    const squared = (1 - tau) ** 2 / (tau ** 2 + (1 - tau) ** 2);
    const strength = Math.min(beta, (1 - tau) / (tau * squared));
    const next = x.slice();
    for (let j = 0; j < count; j++) {
      const moved = (by: number) => finish(x.with(j, x[j]! + by), tau);
      const product = async (by: number) => {
        const [above, below] = [await moved(by), await moved(-by)];
        return error.reduce((sum, e, i) => sum + (e * (above[i]! - below[i]!)) / (2 * by), 0);
      };
      // Extrapolated to a difference of nothing (Richardson, sixth order): a smaller one drowns in rounding.
      const derivative = (64 * (await product(0.012)) - 20 * (await product(0.024)) + (await product(0.048))) / 45;
      next[j]! += (v[j]! + strength * derivative) / steps;
    }
    x = next;
  }
  return x;
}

async function sample(options: ActionSamplerOptions, weights?: Float32Array): Promise<Float32Array> {
  const sampler = await createActionSampler(tiny.policy, tiny.store, options);
  const chunk = await sampler.sample(batch, noise, unconditioned, weights && { previous, weights });
  await sampler.release();
  return chunk.slice();
}

const apart = (a: Float32Array, b: Float32Array, from = 0, to = count) =>
  Math.max(...a.subarray(from, to).map((x, i) => Math.abs(x - b[from + i]!)));

test("the program does what the paper says", async () => {
  const weights = softMask(horizon, 3, 1);
  const expected = await published(4, 5, weights);
  expect(apart(await sample({ denoisingSteps: 4, continuation: 5 }, weights), expected)).toBeLessThan(2e-3);
  // The correction, and not only v, goes through the network.
  expect(apart(expected, await sample({ denoisingSteps: 4 }))).toBeGreaterThan(0.1);
});

test("together with classifier-free guidance the mixed velocity is corrected", async () => {
  const weights = softMask(horizon, 4, 2);
  const expected = await published(3, 5, weights, 2);
  expect(apart(await sample({ denoisingSteps: 3, guidance: 2, continuation: 5 }, weights), expected)).toBeLessThan(
    5e-3,
  );
});

test("where nothing is left of a chunk before, the chunk is the ordinary one", async () => {
  const free = await sample({ denoisingSteps: 5 });
  expect(apart(await sample({ denoisingSteps: 5, continuation: 5 }, new Float32Array(horizon)), free)).toBeLessThan(
    1e-6,
  );
});

test("steps that are executed meanwhile come out as they were; the more steps of Euler, the nearer", async () => {
  const weights = softMask(horizon, 2, 2);
  const frozen = 2 * actionSize;
  const away = apart(await sample({ denoisingSteps: 5 }), previous, 0, frozen);
  const few = apart(await sample({ denoisingSteps: 5, continuation: 5 }, weights), previous, 0, frozen);
  const many = apart(await sample({ denoisingSteps: 40, continuation: 80 }, weights), previous, 0, frozen);
  expect(few).toBeLessThan(away / 2);
  expect(many).toBeLessThan(few);
  expect(many).toBeLessThan(0.05);
});

test("samples of a batch are continued each for itself", async () => {
  const two = tinyBatch(config, 2, random(8));
  const sampler = await createActionSampler(tiny.policy, tiny.store, { denoisingSteps: 3, batch: 2, continuation: 5 });
  const both = (second: Float32Array) => {
    const weights = new Float32Array(2 * horizon);
    weights.set(second, horizon);
    const numbers = Float32Array.of(...noise, ...noise);
    return sampler.sample(two, numbers, undefined, { previous: Float32Array.of(...previous, ...previous), weights });
  };
  const [without, withOne] = [(await both(new Float32Array(horizon))).slice(), await both(softMask(horizon, 4, 2))];
  expect(apart(without, withOne)).toBeLessThan(1e-6);
  expect(apart(without.subarray(count), withOne.subarray(count))).toBeGreaterThan(0.1);
  await sampler.release();
});

/** Euler steps by hand, with given steps in their places: at time 0, and the others at the step's time. */
async function inpainted(steps: number, given: Float32Array, guidance = 1): Promise<Float32Array> {
  const perStep = input("times", [1, horizon]);
  const prefix = prefixInputs(config, 1);
  const x = input("x", [1, horizon, actionSize]);
  const v = velocity(tiny.policy, readPrefix(tiny.policy.backbone, prefix), x, perStep);
  const program = await compile({ inputs: [...prefix.all, x, perStep], outputs: { v } }, tiny);
  const ask = async (x: Float32Array, times: Float32Array, prompts: object) =>
    (
      (await program.run({ ...prefixFeeds(config, { ...batch, ...prompts }), x, times })).v!.data as Float32Array
    ).slice();
  const isGiven = (i: number) => given[Math.floor(i / actionSize)] === 1;
  const put = (x: Float32Array) => x.map((number, i) => (isGiven(i) ? previous[i]! : number));
  let chunk = put(noise);
  for (let step = 0; step < steps; step++) {
    const times = given.map((one) => (one === 1 ? 0 : 1 - step / steps));
    const conditioned = await ask(chunk, times, {});
    const free = guidance === 1 ? conditioned : await ask(chunk, times, unconditioned);
    chunk = put(chunk.map((number, i) => number - (free[i]! + guidance * (conditioned[i]! - free[i]!)) / steps));
  }
  await program.release();
  return chunk;
}

test.each([1, 2])("trained continuation puts the given steps in at time 0, with guidance β = %d", async (guidance) => {
  const weights = givenSteps(horizon, horizon, 2);
  const found = await sample({ denoisingSteps: 3, guidance, continuation: "trained" }, weights);
  expect(apart(found, await inpainted(3, weights, guidance))).toBeLessThan(1e-4);
  expect(apart(found, previous, 0, 2 * actionSize)).toBe(0);
  // The free steps see the given ones.
  const free = await sample({ denoisingSteps: 3, guidance });
  expect(apart(found, free, 2 * actionSize)).toBeGreaterThan(1e-3);
  const none = await sample({ denoisingSteps: 3, guidance, continuation: "trained" }, new Float32Array(horizon));
  expect(apart(none, free)).toBeLessThan(1e-5);
});

test("the loss of training with given steps: none on them, and the others see them without noise", async () => {
  const rows = 2;
  const random_ = random(11);
  const samples = tinyBatch(config, rows, random_);
  const feeds = {
    ...prefixFeeds(config, samples),
    actions: normals(rows * count, random_),
    actionWeights: new Float32Array(rows * count).fill(1),
    noise: normals(rows * count, random_),
    time: Float32Array.of(0.7, 0.4),
  };
  const lossWith = async (givesSteps: boolean, more: Record<string, Float32Array>) => {
    const { inputs, parts } = policyLoss(tiny.policy, rows, { givesSteps });
    const program = await compile({ inputs, outputs: { flow: parts.flow! } }, tiny);
    const fast = config.actionTokens > 0 && {
      fast: new Int32Array(rows * config.actionTokens),
      fastWeights: new Float32Array(rows * config.actionTokens),
    };
    const { flow } = await program.run({ ...feeds, ...fast, ...more });
    await program.release();
    return (flow!.data as Float32Array)[0]!;
  };
  const plain = await lossWith(false, {});
  const none = new Float32Array(rows * horizon);
  expect(await lossWith(true, { given: none })).toBeCloseTo(plain, 5);
  expect(await lossWith(true, { given: none.map(() => 1) })).toBe(0);
  const given = Float32Array.from(none, (_, i) => Number(i % horizon < 2));
  const some = await lossWith(true, { given });
  // The noise of given steps is not seen, and not asked for.
  const noise = feeds.noise.map((x, i) => (given[Math.floor(i / actionSize)] === 1 ? x + 3 : x));
  expect(await lossWith(true, { given, noise })).toBeCloseTo(some, 5);
  // Their actions are seen.
  const actions = feeds.actions.map((x, i) => (given[Math.floor(i / actionSize)] === 1 ? x + 3 : x));
  expect(Math.abs((await lossWith(true, { given, actions })) - some)).toBeGreaterThan(1e-3);
});

test("errors say what was expected", async () => {
  await expect(sample({ continuation: -1 })).rejects.toThrow("β of real-time chunking from 0, got -1");
  await expect(sample({ continuation: 5 })).rejects.toThrow("Expected what the chunks continue");
  await expect(sample({}, new Float32Array(horizon))).rejects.toThrow("a sampler made with continuation");
});
