// A training step over threads against the step in one program. The latter is tested by golden files and finite
// differences.
import { expect, test } from "vitest";
import { policyLoss, prefixFeeds } from "../../src/model/index.ts";
import * as t from "../../src/tensor/index.ts";
import { shardedStep, shardsOf } from "../../src/train/engine/sharded-step.ts";
import {
  type Objective,
  optimiserStates,
  type StepFactory,
  type StepOptions,
  takeStep,
} from "../../src/train/engine/step.ts";
import { wholeStep } from "../../src/train/engine/whole-step.ts";
import { tinyBatch, tinyConfig, tinyPolicy, tinyTargets } from "../model/tiny.ts";

const config = tinyConfig();
const tiny = tinyPolicy(config);
const { parameters } = tiny.scope;
const objective: Objective = {
  parameters,
  loss: (batch) => policyLoss(tiny.policy, batch, { flowWeight: 3, draws: 2, learnsText: true }),
};
const options: StepOptions = { batchSize: 24, device: "cpu", threads: 3, weightDecay: 0.1, maxNorm: 0.5 };
const initial = [...(await tiny.store.readAll()), ...optimiserStates(parameters)];
const states = [...initial, ...t.emaInitial(new Map(await tiny.store.readAll()))];

/** Weights that differ from shard to shard: the second shard has no FAST tokens to foretell, samples count by a tenth to one. */
function feeds(seed: number, batchSize = options.batchSize): Record<string, t.Feed> {
  const random = t.random(`feeds/${seed}`);
  const { actions, ...targets } = tinyTargets(config, batchSize, random);
  const perSample = actions.length / batchSize;
  return {
    ...prefixFeeds(config, tinyBatch(config, batchSize, random)),
    ...targets,
    actions,
    actionWeights: actions.map((_, i) => 0.1 + ((Math.floor(i / perSample) * 7) % 10) / 10),
    noise: actions.length ? Float32Array.from({ length: 2 * actions.length }, () => random.normal()) : actions,
    time: Float32Array.from({ length: 2 * batchSize }, () => random.uniform()),
    fastWeights: targets.fastWeights.map((_, i) =>
      i >= 8 * config.actionTokens && i < 16 * config.actionTokens ? 0 : 1,
    ),
    promptWeights: Float32Array.from({ length: batchSize * config.promptTokens }, () => Math.round(random.uniform())),
  };
}

/** Both batches as one. */
function joined(a: t.Feed, b: t.Feed): t.TensorData {
  const [first, second] = [a as Float32Array, b as Float32Array];
  const all = new (first.constructor as Float32ArrayConstructor)(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

async function course(make: StepFactory, steps: number, asked = objective) {
  const store = t.createStore(states);
  const step = await make(asked, store, options);
  const found: Readonly<Record<string, number>>[] = [];
  for (let i = 0; i < steps; i++) {
    found.push(await takeStep(step, feeds(i), 0.01));
    await step.average(0.8);
  }
  await step.settle();
  await step.release();
  return { store, found };
}

test("shards of at least eight samples, no more than threads, all of one size", () => {
  const shards = (batchSize: number, threads: number) => shardsOf({ batchSize, threads });
  expect([
    shards(16, 2),
    shards(16, 8),
    shards(32, 8),
    shards(15, 2),
    shards(24, 2),
    shards(27, 3),
    shards(25, 3),
  ]).toEqual([2, 2, 4, 1, 2, 3, 1]);
  expect(shards(16, 1)).toBe(1);
});

test("three threads step as one program does: losses, norms, parameters, moments and averages", async () => {
  const whole = await course(wholeStep, 3);
  const sharded = await course(shardedStep, 3);
  for (const [i, expected] of whole.found.entries())
    for (const [name, number] of Object.entries(expected))
      expect(Math.abs(sharded.found[i]![name]! / number - 1), `${name} of step ${i}`).toBeLessThan(1e-5);
  expect(Object.keys(sharded.found[0]!).sort()).toEqual(["fast", "flow", "gradientNorm", "loss", "text"]);
  expect(sharded.store.names).toEqual(whole.store.names);
  for (const name of whole.store.names) {
    const [expected, got] = [(await whole.store.read(name)).data, (await sharded.store.read(name)).data];
    // Where a gradient is nearly 0, AdamW makes a step of whatever its rounding left.
    for (const [i, number] of (expected as Float32Array).entries())
      expect(Math.abs(Number(got[i]) - number), `${name}[${i}]`).toBeLessThan(1e-5);
  }
  expect((await sharded.store.read("adamw.step")).data[0]).toBe(3);
});

test("the same threads give the same bytes, and a store goes on where another stopped", async () => {
  const first = await course(shardedStep, 3);
  const store = t.createStore(states);
  for (const steps of [[0, 1], [2]]) {
    const step = await shardedStep(objective, store, options);
    for (const i of steps) {
      await takeStep(step, feeds(i), 0.01);
      await step.average(0.8);
    }
    await step.settle();
    await step.release();
  }
  for (const name of store.names) expect((await store.read(name)).data).toEqual((await first.store.read(name)).data);
});

test("what is not reached stays to the last bit, its averages too, and the rest moves by both ways", async () => {
  const unreached = ["*.vision_tower.*", "*.input_layernorm*"];
  const [whole, sharded] = [
    await course(wholeStep, 2, { ...objective, unreached }),
    await course(shardedStep, 2, { ...objective, unreached }),
  ];
  const kinds = new Set<boolean>();
  for (const { node } of parameters) {
    const name = node.name!;
    const stays = t.matches(name, unreached);
    for (const entry of [name, t.emaName(name)]) {
      const start = new Map(states).get(entry)!.data;
      const [found, same] = [(await whole.store.read(entry)).data, (await sharded.store.read(entry)).data];
      if (stays) expect([found, same], entry).toEqual([start, start]);
      else
        for (const [i, x] of (found as Float32Array).entries())
          expect(Math.abs(x - Number(same[i]))).toBeLessThan(1e-5);
    }
    kinds.add(stays);
  }
  expect(kinds.size).toBe(2);
});

for (const [name, make] of Object.entries({ whole: wholeStep, sharded: shardedStep }))
  test(`${name}: two machines that exchange their gradients step as one machine with both batches`, async () => {
    const half = { ...options, batchSize: 8 };
    const both = { ...options, batchSize: 16 };
    const [a, b] = [feeds(0, 8), feeds(1, 8)];
    // Every sample counts the same, so that the batch's gradient is the mean of the halves'.
    for (const one of [a, b])
      for (const weights of ["actionWeights", "fastWeights", "promptWeights"]) (one[weights] as Float32Array).fill(1);
    const together = Object.fromEntries(Object.keys(a).map((name) => [name, joined(a[name]!, b[name]!)]));
    const one = t.createStore(states);
    const whole = await make(objective, one, both);
    const [loss, norm] = [(await whole.gradient(together)).loss!, await whole.update(0.01)];
    await whole.settle();
    await whole.release();

    const stores = [t.createStore(states), t.createStore(states)];
    const machines = await Promise.all(stores.map((store) => make(objective, store, half)));
    const losses = await Promise.all(machines.map((machine, i) => machine.gradient([a, b][i]!)));
    expect(losses.reduce((sum, { loss }) => sum + loss! / 2, 0) / loss).toBeCloseTo(1, 5);
    const own: Float32Array[] = [];
    for (const machine of machines) await machine.exchange((gradient) => void own.push(gradient.slice()));
    expect(own[0]).not.toEqual(own[1]);
    for (const machine of machines)
      await machine.exchange((gradient) =>
        gradient.forEach((_, i) => {
          gradient[i] = (own[0]![i]! + own[1]![i]!) / 2;
        }),
      );
    for (const machine of machines) {
      expect((await machine.update(0.01)) / norm).toBeCloseTo(1, 5);
      await machine.settle();
      await machine.release();
    }
    for (const name of one.names) {
      const expected = (await one.read(name)).data as Float32Array;
      const [first, second] = [(await stores[0]!.read(name)).data, (await stores[1]!.read(name)).data];
      expect(second).toEqual(first);
      for (const [i, number] of expected.entries())
        expect(Math.abs(Number(first[i]) - number), `${name}[${i}]`).toBeLessThan(1e-5);
    }
  });

test("a thread that has ended is an error, not a wait without end", async () => {
  const step = await shardedStep(objective, t.createStore(states), options);
  await takeStep(step, feeds(0), 0.01);
  await step.release();
  await expect(takeStep(step, feeds(1), 0.01)).rejects.toThrow("A thread of the training ended (exit code 1)");
});
