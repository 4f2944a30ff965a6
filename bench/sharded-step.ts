// A training step of the nano policy (16 samples, 4 draws of noise each, two cameras) split over threads by samples,
// beside one program with threads inside operators, alternating. The last line is JSON with the ratio of the medians.
import { availableParallelism } from "node:os";
import * as model from "../src/model/index.ts";
import * as t from "../src/tensor/index.ts";
import { shardedStep, shardsOf } from "../src/train/engine/sharded-step.ts";
import { optimiserStates, takeStep } from "../src/train/engine/step.ts";
import { wholeStep } from "../src/train/engine/whole-step.ts";
import { median } from "./median.ts";

const rounds = 40;
const draws = 4;
const options = {
  batchSize: 16,
  device: "cpu",
  threads: availableParallelism(),
  weightDecay: 0.01,
  maxNorm: 1,
} as const;
const { batchSize } = options;

const config = model.policyConfig(
  "nano",
  { cameras: ["front", "wrist"], stateSize: 6, actionSize: 6 },
  { promptTokens: 16, actionTokens: 0 },
);
const scope = t.scope();
const policy = model.initPolicyNetwork(scope, config);
const { parameters } = scope;
const random = t.random(0);
const integers = (count: number, below: number) => Array.from({ length: count }, () => random.integer(below));
const pixels = batchSize * config.vision.imageSize ** 2 * 3;
const actions = batchSize * config.horizon * config.actionSize;
const feeds = {
  ...model.prefixFeeds(config, {
    size: batchSize,
    pictures: Object.fromEntries(config.cameras.map((name) => [name, Uint8Array.from(integers(pixels, 256))])),
    state: model.drawNoise(batchSize * config.stateSize, random),
    prompt: Int32Array.from(integers(batchSize * config.promptTokens, config.vocabulary)),
    promptMask: Uint8Array.from({ length: batchSize * config.promptTokens }, (_, i) => Number(i % 16 < 12)),
  }),
  actions: model.drawNoise(actions, random),
  actionWeights: new Float32Array(actions).fill(1),
  noise: model.drawNoise(draws * actions, random),
  time: Float32Array.from({ length: draws * batchSize }, () => model.drawTime(random)),
};
const objective = { parameters, loss: (batch: number) => model.policyLoss(policy, batch, { draws }) };
const store = () => t.createStore([...scope.initialize(t.random(0)), ...optimiserStates(parameters)]);

const sides = [
  { step: await shardedStep(objective, store(), options), times: [] as number[] },
  { step: await wholeStep(objective, store(), options), times: [] as number[] },
] as const;
for (let round = -3; round < rounds; round++) {
  const losses: number[] = [];
  for (const { step, times } of sides) {
    const begin = performance.now();
    losses.push((await takeStep(step, feeds, 1e-3)).loss);
    if (round >= 0) times.push(performance.now() - begin);
  }
  if (!(Math.abs(losses[0]! - losses[1]!) < 1e-2 * losses[1]!)) throw new Error(`Losses differ: ${losses.join(", ")}`);
}
for (const { step } of sides) await step.release();
const [sharded, whole] = sides.map(({ times }) => Math.round(10 * median(times)) / 10) as [number, number];
console.log(
  `${shardsOf(options)} threads with a part of the batch each: ${sharded} ms a step; one program on ${options.threads} threads: ${whole} ms`,
);
console.log(
  JSON.stringify({ bench: "sharded-step", ratio: Math.round((100 * whole) / sharded) / 100, sharded, whole }),
);
