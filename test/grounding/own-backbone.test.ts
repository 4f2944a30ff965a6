// pistar's own backbone for nano: a linear readout of its output finds the instruction's object.
import { beforeAll, expect, test } from "vitest";
import { groundingFeeds } from "../../src/grounding/feeds.ts";
import { SceneMaker, type Scenes } from "../../src/grounding/scenes.ts";
import {
  type AdvantageIndicator,
  initBackbone,
  loadTokenizer,
  loadWeights,
  policyConfig,
  prefixInputs,
  present,
  readPrefix,
} from "../../src/model/index.ts";
import * as t from "../../src/tensor/index.ts";

const batch = 50;
const [fitted, judged] = [20, 6];
let batches: Scenes[];

beforeAll(async () => {
  const maker = await SceneMaker.open(64);
  batches = [];
  for (let i = 0; i < fitted + judged; i++) batches.push(await maker.make(`own backbone/${i}`, batch));
  await maker.close();
}, 120_000);

const tokenizer = loadTokenizer("backbones/nano/tokenizer.json");
const config = policyConfig("nano", { cameras: ["front", "wrist"], stateSize: 6, actionSize: 6 });

/** For each scene the mean of the last layer's values, which the action expert sees, and 1. */
async function handedOn(
  weights: "own" | "random",
  scenes: readonly Scenes[],
  advantages?: readonly (AdvantageIndicator | undefined)[],
): Promise<number[][]> {
  const scope = t.scope();
  const backbone = initBackbone(scope, config);
  const inputs = prefixInputs(config, batch);
  const prefix = readPrefix(backbone, inputs);
  const values = t.nn.mergeHeads(prefix.keysValues.at(-1)![1]);
  const there = t.reshape(t.cast(present(inputs), "f32"), [batch, -1, 1]);
  const mean = t.div(t.sum(t.mul(values, there), 1), prefix.count);
  const store = t.createStore(scope.initialize(t.random(0)));
  if (weights === "own") {
    const shapes = new Map(scope.parameters.map(({ node, shape }) => [node.name!, shape]));
    await loadWeights("backbones/nano/policy.safetensors", shapes, store);
  }
  const program = await t.compile({ inputs: inputs.all, outputs: { mean } }, { store });
  const names = inputs.all.map(({ node }) => node.name!);
  const rows: number[][] = [];
  for (const one of scenes) {
    const feeds = groundingFeeds(config, tokenizer, one, advantages);
    const found = (await program.run(Object.fromEntries(names.map((name) => [name, feeds[name]!])))).mean!;
    const width = found.shape[1]!;
    for (let at = 0; at < batch; at++)
      rows.push([...(found.data as Float32Array).subarray(at * width, (at + 1) * width), 1]);
  }
  await program.release();
  store.release();
  return rows;
}

/** Least squares with a little ridge: the weights for each column of `targets`. */
function leastSquares(rows: readonly number[][], targets: readonly number[][]): number[][] {
  const n = rows[0]!.length;
  const m = targets[0]!.length;
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, i === j ? 1e-2 : 0)),
    ...Array.from({ length: m }, (_, k) => rows.reduce((sum, row, r) => sum + row[i]! * targets[r]![k]!, 0)),
  ]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++)
      if (Math.abs(system[row]![column]!) > Math.abs(system[pivot]![column]!)) pivot = row;
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = system[row]![column]! / system[column]![column]!;
      for (let j = column; j < n + m; j++) system[row]![j]! -= factor * system[column]![j]!;
    }
  }
  return Array.from({ length: m }, (_, k) => system.map((row, i) => row[n + k]! / row[i]!));
}

const applied = (reading: readonly number[], row: readonly number[]) =>
  reading.reduce((sum, weight, i) => sum + weight * row[i]!, 0);

type Backbone = "own" | "random";
interface Asked {
  /** Millimetres along two axes over the table, from the numbers of a scene's `places`. */
  readonly of: (places: Float32Array) => readonly [number, number];
  /** Which scenes are judged by it. */
  readonly where?: (places: Float32Array) => boolean;
}

/** Median distance between that and what a linear reading says, mm. */
async function medianError(weights: Backbone, { of, where = () => true }: Asked): Promise<number> {
  const rows = await handedOn(weights, batches);
  const places = batches.flatMap((scenes) =>
    Array.from({ length: batch }, (_, at) => scenes.places.subarray(9 * at, 9 * at + 9).map((x) => 1000 * x)),
  );
  const targets = places.map((numbers) => [...of(numbers)]);
  const edge = fitted * batch;
  const readings = leastSquares(rows.slice(0, edge), targets.slice(0, edge));
  const errors = rows.flatMap((row, at) =>
    at >= edge && where(places[at]!)
      ? [Math.hypot(...readings.map((reading, k) => applied(reading, row) - targets[at]![k]!))]
      : [],
  );
  expect(errors.length).toBeGreaterThan(20);
  return errors.sort((a, b) => a - b)[Math.floor(errors.length / 2)]!;
}

test("a linear reading of what it hands on finds the named object; of an untrained backbone it does not", async () => {
  const object: Asked = { of: ([x, y]) => [x!, y!] };
  expect(await medianError("own", object)).toBeLessThan(12);
  expect(await medianError("random", object)).toBeGreaterThan(40);
});

test("and how far the object is from a goal that it has nearly reached", async () => {
  const onGoal: Asked = {
    of: ([x, y, , goalX, goalY]) => [x! - goalX!, y! - goalY!],
    where: ([x, y, , goalX, goalY]) => Math.hypot(x! - goalX!, y! - goalY!) < 40,
  };
  expect(await medianError("own", onGoal)).toBeLessThan(16);
  expect(await medianError("random", onGoal)).toBeGreaterThan(30);
});

test("and whether the prompt says that the advantage is positive or negative", async () => {
  const said = Array.from({ length: batch }, (_, at): AdvantageIndicator => (at % 3 === 0 ? "negative" : "positive"));
  const rows = await handedOn("own", batches, said);
  const targets = rows.map((_, at) => [said[at % batch] === "positive" ? 1 : -1]);
  const edge = fitted * batch;
  const [reading] = leastSquares(rows.slice(0, edge), targets.slice(0, edge));
  const right = rows.slice(edge).filter((row, at) => Math.sign(applied(reading!, row)) === targets[edge + at]![0]);
  expect(right.length / (judged * batch)).toBeGreaterThan(0.99);
});
