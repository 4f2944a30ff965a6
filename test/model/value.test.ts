// The value function learns a chain's mean returns from returns of single episodes.
import { expect, test } from "vitest";
import { createValuePredictor, initValueFunction, prefixFeeds, valueConfig, valueLoss } from "../../src/model/index.ts";
import { expectedValues, twoHotTargets } from "../../src/recap/index.ts";
import * as t from "../../src/tensor/index.ts";
import { tinyBatch, tinyConfig } from "./tiny.ts";

/** A chain of six places. Each step costs 1/20 and brings one on with a probability of 0.8; at place 3 it first fails with 0.2: then the return is −1. */
const places = 6;
const cost = 1 / 20;
const [forward, fall, risky] = [0.8, 0.2, 3];
/** By hand: a step leaves the risky place by a fall with 0.2, forward with 0.8 · 0.8. */
const leaves = fall + (1 - fall) * forward;
const falls = fall / leaves;

/** The return of one episode from a place on. */
function playOn(from: number, random: t.Random): number {
  let steps = 0;
  for (let at = from; at < places; steps++) {
    if (at === risky && random.uniform() < fall) return -1;
    if (random.uniform() < forward) at++;
  }
  return Math.max(-1, -cost * steps);
}

/** The mean return from a place on. */
function known(from: number): number {
  if (from > risky) return (-cost * (places - from)) / forward;
  const steps = (risky - from) / forward + 1 / leaves + (places - 1 - risky) / forward;
  return -falls - (1 - falls) * cost * steps;
}

test("the value function recovers the known returns of a chain, and how likely a fall is", async () => {
  const { vision, language, vocabulary, promptTokens } = tinyConfig();
  const body = { cameras: ["front", "wrist"], stateSize: 3 };
  const config = valueConfig("nano", body, { vision, language, vocabulary, promptTokens });
  const size = 60;
  const scope = t.scope();
  const value = initValueFunction(scope, config);
  const { inputs, loss } = valueLoss(value, size);
  const rate = t.input("rate", []);
  const step = t.adamW(scope.parameters, t.gradient(loss, scope.parameters), { learningRate: rate, maxNorm: 1 });
  const store = t.createStore([...scope.initialize(t.random(2)), ...step.initial]);
  const train = await t.compile({ inputs: [...inputs, rate], outputs: { loss }, updates: step.updates }, { store });

  // Pictures and prompt say nothing of the place; the state does.
  const random = t.random(7);
  const one = tinyBatch(tinyConfig(), 1, random);
  const repeat = <Numbers extends Uint8Array | Int32Array>(numbers: Numbers): Numbers => {
    const all = new (numbers.constructor as new (length: number) => Numbers)(numbers.length * size);
    for (let i = 0; i < size; i++) all.set(numbers, i * numbers.length);
    return all;
  };
  const seen = {
    size,
    pictures: { front: repeat(one.pictures.front!), wrist: repeat(one.pictures.wrist!) },
    state: Float32Array.from({ length: 3 * size }, (_, i) =>
      Math.cos((i % 3) * Math.PI * ((Math.floor(i / 3) % places) / places)),
    ),
    prompt: repeat(one.prompt),
    promptMask: repeat(one.promptMask),
  };
  const prefix = prefixFeeds(config, seen);
  const steps = 600;
  for (let i = 0; i < steps; i++) {
    const target = twoHotTargets(Float32Array.from({ length: size }, (_, at) => playOn(at % places, random)));
    const learningRate = t.warmupCosine(i, { peak: 5e-3, warmup: 20, total: steps, final: 1e-4 });
    await train.run({
      ...prefix,
      target,
      weights: new Float32Array(size).fill(1),
      rate: Float32Array.of(learningRate),
    });
  }

  const valuer = await createValuePredictor(value, store, { batch: size });
  const found = await valuer.distributions(seen);
  const values = expectedValues(found);
  for (let place = 0; place < places; place++) {
    expect(Math.abs(values[place]! - known(place)), `place ${place}`).toBeLessThan(0.03);
    // The bin of −1, where the episodes are that fall.
    const fallen = found[place * config.bins]!;
    expect(Math.abs(fallen - (place > risky ? 0 : falls)), `falls from place ${place}`).toBeLessThan(0.05);
  }
  await Promise.all([train.release(), valuer.release()]);
  store.release();
}, 120_000);
