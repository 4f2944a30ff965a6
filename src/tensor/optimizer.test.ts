import { expect, test } from "vitest";
import { input, state } from "./expression.ts";
import { gradient } from "./gradient.ts";
import { mul, sub } from "./ops/arithmetic.ts";
import { mean } from "./ops/reduce.ts";
import { adamW, ema, emaInitial } from "./optimizer.ts";
import { compile } from "./program.ts";
import { warmupCosine } from "./schedule.ts";
import { createStore } from "./store.ts";
import { value } from "./types.ts";

const w = state("w", [3]);
const target = input("target", [3]);
const error = sub(w, target);
const loss = mean(mul(error, error));
const start = new Map([["w", value(Float32Array.of(1, -2, 3))]]);

/** AdamW by the book (algorithm 2), in double precision. */
function reference(
  gradientAt: (x: number[]) => number[],
  x: number[],
  steps: number,
  rate: number,
  decay: number,
): number[] {
  const [m, v] = [x.map(() => 0), x.map(() => 0)];
  for (let t = 1; t <= steps; t++) {
    const g = gradientAt(x);
    x = x.map((xi, i) => {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
      v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
      const hat = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
      return xi - rate * hat - rate * decay * xi;
    });
  }
  return x;
}

const squares = (x: number[]) => x.map((xi, i) => (2 * (xi - [0.5, 0, 1][i]!)) / 3);
const feed = { target: Float32Array.of(0.5, 0, 1) };

test.each([
  ["decayed", []],
  ["undecayed", ["w"]],
])("AdamW, %s, follows the book", async (_, undecayed) => {
  const step = adamW([w], gradient(loss, [w]), { learningRate: 0.05, weightDecay: 0.2, undecayed });
  const program = await compile(
    { inputs: [target], updates: step.updates },
    { store: createStore([...start, ...step.initial]) },
  );
  for (let i = 0; i < 40; i++) await program.run(feed);
  const expected = reference(squares, [1, -2, 3], 40, 0.05, undecayed.length > 0 ? 0 : 0.2);
  (await program.store.read("w")).data.forEach((x, i) => {
    expect(Number(x)).toBeCloseTo(expected[i]!, 5);
  });
  expect(await program.store.read("adamw.step")).toEqual({ dtype: "f32", shape: [], data: Float32Array.of(40) });
});

test("the learning rate may be an input", async () => {
  const rate = input("rate", []);
  const step = adamW([w], gradient(loss, [w]), { learningRate: rate, weightDecay: 0 });
  const store = createStore([...start, ...step.initial]);
  const program = await compile({ inputs: [target, rate], updates: step.updates }, { store });
  await program.run({ ...feed, rate: 0 });
  expect((await store.read("w")).data).toEqual(Float32Array.of(1, -2, 3));
  await program.run({ ...feed, rate: 0.1 });
  expect((await store.read("w")).data).not.toEqual(Float32Array.of(1, -2, 3));
});

test("the moving average follows the parameter by its decay", async () => {
  const step = adamW([w], gradient(loss, [w]), { learningRate: 0.1 });
  const store = createStore([...start, ...emaInitial(start), ...step.initial]);
  const program = await compile({ inputs: [target], updates: step.updates }, { store });
  const average = await compile({ updates: ema([w], 0.75) }, { store });
  let expected = [1, -2, 3];
  for (let i = 0; i < 5; i++) {
    await program.run(feed);
    await average.run();
    const now = [...((await store.read("w")).data as Float32Array)];
    expected = expected.map((x, j) => 0.75 * x + 0.25 * now[j]!);
    (await store.read("ema.w")).data.forEach((x, j) => {
      expect(Number(x)).toBeCloseTo(expected[j]!, 6);
    });
  }
});

test("mistakes are named", () => {
  const [g] = gradient(loss, [w]);
  expect(() => adamW([w], [], { learningRate: 1 })).toThrow("a gradient for each of 1 parameters, got 0");
  expect(() => adamW([w], [mean(g!)], { learningRate: 1 })).toThrow('"w" is f32 [3], its gradient f32 []');
});

test("the schedule warms up in a line and falls in half a cosine", () => {
  const options = { peak: 1, warmup: 4, total: 12, final: 0.1 };
  const rates = Array.from({ length: 14 }, (_, step) => warmupCosine(step, options));
  expect(rates.slice(0, 5)).toEqual([0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  expect(rates[8]).toBeCloseTo(0.55, 12); // half-way down: (1 + 0.1) / 2
  expect(rates.slice(12)).toEqual([0.1, 0.1]);
  expect(() => warmupCosine(0, { peak: 1, warmup: 5, total: 5 })).toThrow("0 ≤ warmup < total, got 5 and 5");
});
