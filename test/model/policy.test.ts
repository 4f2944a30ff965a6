// Dependences in the policy's graph: each output changes with its inputs and with nothing else.
import { describe, expect, test } from "vitest";
import { readPrefix } from "../../src/model/backbone.ts";
import {
  createActionSampler,
  policyLoss,
  prefixFeeds,
  prefixInputs,
  type Unconditioned,
} from "../../src/model/index.ts";
import { actionTokenLogits, velocity } from "../../src/model/policy-network.ts";
import { random } from "../../src/system/index.ts";
import { adamW, argmax, compile, createStore, type Feed, gradient, input } from "../../src/tensor/index.ts";
import { normals, type Tiny, tinyBatch, tinyConfig, tinyPolicy, tinyTargets } from "./tiny.ts";

const expert = /gemma_expert|action_|time_mlp/;
const size = 3;

async function lossOf(tiny: Tiny, feeds: Readonly<Record<string, Feed>>): Promise<Record<string, number>> {
  const { inputs, loss, parts } = policyLoss(tiny.policy, size);
  const program = await compile({ inputs, outputs: { loss, flow: parts.flow!, fast: parts.fast! } }, tiny);
  const outputs = await program.run(feeds);
  await program.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Number(data[0])]));
}

/** The largest gradient of the flow loss by each parameter. */
async function flowGradients(tiny: Tiny): Promise<Map<string, number>> {
  const { config } = tiny.policy;
  const generator = random(1);
  const { inputs, parts } = policyLoss(tiny.policy, size);
  const parameters = tiny.scope.parameters;
  const gradients = gradient(parts.flow!, parameters, { unreached: "zeros" });
  const outputs = Object.fromEntries(gradients.map((tensor, i) => [`g${i}`, tensor]));
  const program = await compile({ inputs, outputs }, tiny);
  const feeds = { ...prefixFeeds(config, tinyBatch(config, size, generator)), ...tinyTargets(config, size, generator) };
  const values = await program.run(feeds);
  await program.release();
  return new Map(
    parameters.map(({ node }, i) => [
      node.name!,
      Math.max(...Array.from(values[`g${i}`]!.data as Float32Array, Math.abs)),
    ]),
  );
}

describe("knowledge insulation", () => {
  test("the flow loss has a gradient of exactly zero by every parameter of the backbone", async () => {
    const gradients = await flowGradients(tinyPolicy(tinyConfig({ knowledgeInsulation: true })));
    for (const [name, largest] of gradients)
      if (expert.test(name)) expect(largest, name).toBeGreaterThan(0);
      else expect(largest, name).toBe(0);
  });

  test("without it the backbone learns from the flow loss, all but what only writes text", async () => {
    const gradients = await flowGradients(tinyPolicy(tinyConfig()));
    const last = /layers\.1\.(self_attn\.[qo]_proj|mlp|post_attention)|language_model\.norm/;
    for (const [name, largest] of gradients)
      if (!last.test(name) || expert.test(name)) expect(largest, name).toBeGreaterThan(0);
  });

  test("it changes gradients, not values", async () => {
    const generator = random(2);
    const config = tinyConfig();
    const feeds = {
      ...prefixFeeds(config, tinyBatch(config, size, generator)),
      ...tinyTargets(config, size, generator),
    };
    expect(await lossOf(tinyPolicy(tinyConfig({ knowledgeInsulation: true })), feeds)).toEqual(
      await lossOf(tinyPolicy(config), feeds),
    );
  });
});

describe("what is masked does not matter", () => {
  const config = tinyConfig();
  const tiny = tinyPolicy(config);
  const generator = random(3);
  const batch = tinyBatch(config, size, generator);
  const targets = tinyTargets(config, size, generator);

  test("other FAST tokens leave the flow loss as it is, to the bit", async () => {
    const fast = targets.fast.map((token) => 30 + ((token + 3) % 10));
    const [a, b] = [
      await lossOf(tiny, { ...prefixFeeds(config, batch), ...targets }),
      await lossOf(tiny, { ...prefixFeeds(config, batch), ...targets, fast }),
    ];
    expect(b.flow).toBe(a.flow);
    expect(b.fast).not.toBe(a.fast);
  });

  test("the padding of the prompt, of actions and of FAST tokens", async () => {
    const prompt = batch.prompt.map((token, i) => (batch.promptMask[i] ? token : (token + 7) % 30));
    const half = (i: number, length: number) => i % length >= length / 2;
    const actionWeights = targets.actionWeights.map((_, i) => (half(i, 8) ? 0 : 1));
    const actions = targets.actions.slice();
    const fastWeights = targets.fastWeights.map((_, i) => (half(i, 5) ? 0 : 1));
    const fast = targets.fast.map((token, i) => (half(i, 5) ? 30 + ((token + 1) % 10) : token));
    const masked = { ...targets, actionWeights, fastWeights };
    const a = await lossOf(tiny, { ...prefixFeeds(config, batch), ...masked });
    const b = await lossOf(tiny, { ...prefixFeeds(config, { ...batch, prompt }), ...masked, actions, fast });
    expect(b.loss).toBeCloseTo(a.loss!, 6);
  });

  test("a missing camera equals a masked one, whatever its picture shows", async () => {
    const { front } = batch.pictures as Record<string, Uint8Array>;
    const missing = await lossOf(tiny, {
      ...prefixFeeds(config, { ...batch, pictures: { front: front! } }),
      ...targets,
    });
    const masked = { ...batch, pictureMasks: { front: new Uint8Array(size).fill(1), wrist: new Uint8Array(size) } };
    const other = await lossOf(tiny, { ...prefixFeeds(config, masked), ...targets });
    const shown = await lossOf(tiny, { ...prefixFeeds(config, batch), ...targets });
    expect(other.loss).toBeCloseTo(missing.loss!, 5);
    expect(Math.abs(shown.loss! - missing.loss!)).toBeGreaterThan(1e-4);
  });
});

describe("sampling", () => {
  const config = tinyConfig();
  const tiny = tinyPolicy(config);
  const generator = random(4);
  const batch = tinyBatch(config, 1, generator);
  const noise = normals(config.horizon * config.actionSize, generator);
  const unconditioned: Unconditioned = {
    prompt: batch.prompt.map((token) => (token + 1) % 30),
    promptMask: batch.promptMask,
  };

  /** Euler's steps with the prefix read anew at each. */
  async function uncached(steps: number, prompts: Unconditioned): Promise<Float32Array> {
    const inputs = prefixInputs(config, 1);
    const [x, time] = [input("x", [1, config.horizon, config.actionSize]), input("time", [1, 1])];
    const v = velocity(tiny.policy, readPrefix(tiny.policy.backbone, inputs), x, time);
    const program = await compile({ inputs: [...inputs.all, x, time], outputs: { v } }, tiny);
    const actions = noise.slice();
    for (let step = 0; step < steps; step++) {
      const feeds = {
        ...prefixFeeds(config, { ...batch, ...prompts }),
        x: actions,
        time: Float32Array.of(1 - step / steps),
      };
      const speed = (await program.run(feeds)).v!.data as Float32Array;
      for (let i = 0; i < actions.length; i++) actions[i]! -= speed[i]! / steps;
    }
    await program.release();
    return actions;
  }

  const near = (a: Float32Array, b: Float32Array) =>
    expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-5);

  test("the prefix encoded once gives what encoding it at every step gives", async () => {
    const sampler = await createActionSampler(tiny.policy, tiny.store, { denoisingSteps: 4 });
    near(await sampler.sample(batch, noise), await uncached(4, batch));
    await sampler.release();
  });

  test("guidance mixes velocities at every step; β = 1 is the conditioned pass, β = 0 the free one", async () => {
    const sample = async (guidance: number) => {
      const sampler = await createActionSampler(tiny.policy, tiny.store, { denoisingSteps: 3, guidance });
      const actions = await sampler.sample(batch, noise, unconditioned);
      await sampler.release();
      return actions;
    };
    near(await sample(1), await uncached(3, batch));
    near(await sample(1 + 1e-7), await uncached(3, batch));
    near(await sample(0), await uncached(3, unconditioned));
    const guided = await sample(2);
    expect(Math.max(...guided.map((x, i) => Math.abs(x - 2 * noise[i]!)))).toBeGreaterThan(1e-3);
    // One step by hand: x − (v_u + 2 (v_c − v_u)).
    const [c, u] = [await uncached(1, batch), await uncached(1, unconditioned)];
    const sampler = await createActionSampler(tiny.policy, tiny.store, { denoisingSteps: 1, guidance: 2 });
    near(
      await sampler.sample(batch, noise, unconditioned),
      c.map((x, i) => 2 * x - u[i]!),
    );
    await sampler.release();
  });

  test("errors say what was expected", async () => {
    await expect(createActionSampler(tiny.policy, tiny.store, { denoisingSteps: 0 })).rejects.toThrow(
      "at least 1 denoising step, got 0",
    );
    const sampler = await createActionSampler(tiny.policy, tiny.store, { guidance: 2 });
    await expect(sampler.sample(batch, noise)).rejects.toThrow("prompts without indicator");
    await expect(sampler.sample(tinyBatch(config, 2, generator), noise)).rejects.toThrow(
      "1 observations at once, got 2",
    );
    await sampler.release();
  });
});

test("a policy learns one batch by heart, both as velocity and as FAST tokens, and then acts it out", async () => {
  const config = tinyConfig();
  const tiny = tinyPolicy(config);
  const generator = random(5);
  const batch = tinyBatch(config, size, generator);
  const targets = tinyTargets(config, size, generator);
  targets.fast.forEach((_, i) => {
    if (i % config.actionTokens === 0) targets.fast[i] = 30;
    if (i % config.actionTokens === 4) targets.fast[i] = 31;
    else if (i % config.actionTokens > 0) targets.fast[i] = 32 + (i % 7);
  });
  const { inputs, loss, parts } = policyLoss(tiny.policy, size);
  const parameters = tiny.scope.parameters;
  const step = adamW(parameters, gradient(loss, parameters), { learningRate: 0.01, maxNorm: 1 });
  const store = createStore([...(await tiny.store.readAll()), ...step.initial]);
  const train = await compile({ inputs, outputs: { flow: parts.flow! }, updates: step.updates }, { store });
  const feeds = { ...prefixFeeds(config, batch), ...targets };
  for (let i = 0; i < 600; i++) {
    const noise = normals(targets.noise.length, generator);
    const time = Float32Array.from({ length: size }, () => generator.uniform());
    await train.run({ ...feeds, noise, time });
  }
  const sampler = await createActionSampler(tiny.policy, store, { batch: size, denoisingSteps: 10 });
  const actions = await sampler.sample(batch, normals(targets.noise.length, generator));
  const error = actions.reduce((sum, x, i) => sum + (x - targets.actions[i]!) ** 2, 0) / actions.length;
  expect(error).toBeLessThan(0.05);
  const prefix = prefixInputs(config, size);
  const tokens = input("fast", [size, config.actionTokens], "i32");
  const next = argmax(actionTokenLogits(tiny.policy, readPrefix(tiny.policy.backbone, prefix), tokens));
  const reader = await compile({ inputs: [...prefix.all, tokens], outputs: { next } }, { store });
  const read = await reader.run({ ...prefixFeeds(config, batch), fast: targets.fast });
  const perChunk = (numbers: ArrayLike<number>) =>
    Array.from({ length: size }, (_, at) => Array.from(numbers).slice(at * 5, at * 5 + 5));
  expect(perChunk(read.next!.data as Int32Array)).toEqual(perChunk(targets.fast));
});
