import { describe, expect, test } from "vitest";
import { float32ToFloat16 } from "../system/float16.ts";
import { constant, input, state } from "./expression.ts";
import { gradient } from "./gradient.ts";
import { add, div, mul, sub } from "./ops/arithmetic.ts";
import { sum } from "./ops/broadcast.ts";
import { cast } from "./ops/compare.ts";
import { exp, log, sqrt } from "./ops/elementwise.ts";
import { type CompileOptions, compile, type Feed, type Graph } from "./program.ts";
import { createStore } from "./store.ts";
import { type DType, type TensorValue, value } from "./types.ts";

const one: CompileOptions = { threads: 1 };

async function once(
  graph: Graph,
  feeds: Readonly<Record<string, Feed>>,
  options = one,
): Promise<Record<string, TensorValue>> {
  const program = await compile(graph, options);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

describe("feeds are checked", () => {
  const x = input("x", [2, 2]);
  const rate = input("rate", []);
  const ids = input("ids", [2], "i64");
  const graph = { inputs: [x, rate, ids], outputs: { y: mul(x, rate), ids } };
  const good = { x: new Float32Array(4), rate: 0.5, ids: BigInt64Array.of(1n, 2n) };
  const wrong: readonly (readonly [string, Readonly<Record<string, Feed>>, string])[] = [
    ["missing", { x: good.x, ids: good.ids }, 'run: no feed for input "rate", f32 []'],
    ["unknown", { ...good, z: 1 }, 'run: "z" is not an input; expected x, rate, ids'],
    [
      "dtype of an array",
      { ...good, x: new Int32Array(4) },
      'input "x" expected Float32Array for f32 [2, 2], got Int32Array',
    ],
    [
      "dtype of a value",
      { ...good, x: value(new Uint16Array(4), [2, 2]) },
      "Float32Array for f32 [2, 2], got f16 [2, 2]",
    ],
    ["number for a matrix", { ...good, x: 1 }, 'input "x" expected Float32Array for f32 [2, 2], got the number 1'],
    ["length", { ...good, x: new Float32Array(3) }, "for f32 [2, 2], 4 elements, got 3"],
    ["shape", { ...good, x: value(new Float32Array(4), [4]) }, "for f32 [2, 2], got shape [4]"],
    [
      "length of a value",
      { ...good, x: { dtype: "f32", shape: [2, 2], data: new Float32Array(5) } },
      "4 elements, got 5",
    ],
    [
      "i32 for i64",
      { ...good, ids: Int32Array.of(1, 2) },
      'input "ids" expected BigInt64Array for i64 [2], got Int32Array',
    ],
  ];

  test("and taken as arrays, numbers and values", async () => {
    const results = await once(graph, { ...good, x: value(Float32Array.of(1, 2, 3, 4), [2, 2]) });
    expect(results.y).toEqual(value(Float32Array.of(0.5, 1, 1.5, 2), [2, 2]));
    expect(results.ids).toEqual(value(BigInt64Array.of(1n, 2n)));
  });

  test.each(wrong)("%s", async (_, feeds, message) => {
    await expect(once(graph, feeds)).rejects.toThrow(message);
  });
});

test.each<[DType, Feed, number[]]>([
  ["f16", float32ToFloat16(Float32Array.of(-1.5, 0, 2.25)), [-1.5, 0, 2.25]],
  ["i64", BigInt64Array.of(-3n, 0n, 2n ** 24n), [-3, 0, 2 ** 24]],
  ["i32", Int32Array.of(-3, 0, 7), [-3, 0, 7]],
  ["bool", value(Uint8Array.of(1, 0, 1), [3], "bool"), [1, 0, 1]],
  ["u8", Uint8Array.of(0, 128, 255), [0, 128, 255]],
])("%s is fed, cast in the graph, and given back", async (dtype, feed, numbers) => {
  const x = input("x", [3], dtype);
  const { back, floats } = await once({ inputs: [x], outputs: { back: x, floats: cast(x, "f32") } }, { x: feed });
  expect(floats).toEqual(value(Float32Array.from(numbers)));
  expect(back).toEqual("dtype" in Object(feed) ? feed : value(feed as Int32Array));
});

test("halves computed in the graph come out as their bits", async () => {
  const x = input("x", [2]);
  const { y } = await once({ inputs: [x], outputs: { y: cast(mul(x, 2), "f16") } }, { x: Float32Array.of(0.5, -3) });
  expect(y).toEqual({ dtype: "f16", shape: [2], data: Uint16Array.of(0x3c00, 0xc600) });
});

test("a state of halves is read, updated in place and written", async () => {
  const half = state("half", [3], "f16");
  const store = createStore([["half", value(float32ToFloat16(Float32Array.of(0.5, -3, 100)))]]);
  const program = await compile({ updates: [{ state: half, value: mul(half, 2) }] }, { ...one, store });
  for (let i = 0; i < 3; i++) await program.run();
  expect(await store.read("half")).toEqual(value(float32ToFloat16(Float32Array.of(4, -24, 800))));
  await store.write([["half", value(float32ToFloat16(Float32Array.of(1, 2, 3)))]]);
  await program.run();
  expect(await store.read("half")).toEqual(value(float32ToFloat16(Float32Array.of(2, 4, 6))));
  await program.release();
});

describe("what cannot be compiled", () => {
  const x = input("x", [2]);
  const weight = state("weight", [2]);
  const store = () => createStore([["weight", value(Float32Array.of(1, 2))]]);
  const wrong: readonly (readonly [string, Graph, string])[] = [
    ["an input that is not declared", { outputs: { y: exp(x) } }, 'the graph uses input "x" (f32 [2])'],
    ["a state as an input", { inputs: [weight] }, 'expected inputs made by input(), got state "weight"'],
    [
      "an update of an input",
      { inputs: [x], updates: [{ state: x, value: x }] },
      'expected an update of a state, got input "x"',
    ],
    ["an update of another type", { updates: [{ state: weight, value: sum(weight) }] }, "has another type, f32 []"],
    ["a state that is not there", { outputs: { y: state("bias", [2]) } }, 'The store has no "bias"; it holds weight'],
    [
      "a state of another shape",
      { outputs: { y: state("weight", [3]) } },
      'the store holds f32 [2] for state "weight" (f32 [3])',
    ],
    [
      "two leaves of one name",
      { inputs: [x], outputs: { y: add(x, input("x", [1])) } },
      "Two different leaves share a name",
    ],
    [
      "two updates of one state",
      {
        updates: [
          { state: weight, value: add(weight, 1) },
          { state: weight, value: mul(weight, 2) },
        ],
      },
      'two updates of state "weight"',
    ],
  ];
  test.each(wrong)("%s", async (_, graph, message) => {
    await expect(compile(graph, { ...one, store: store() })).rejects.toThrow(message);
  });
});

describe("states", () => {
  const weight = state("weight", [2]);
  const step = input("step", []);

  test("are shared by the programs of one store", async () => {
    const store = createStore([["weight", value(Float32Array.of(1, 2))]]);
    const train = await compile(
      { inputs: [step], outputs: { before: weight }, updates: [{ state: weight, value: add(weight, step) }] },
      { ...one, store },
    );
    const validate = await compile({ outputs: { total: sum(weight) } }, { ...one, store });
    expect((await validate.run()).total!.data[0]).toBe(3);
    expect((await train.run({ step: 10 })).before).toEqual(value(Float32Array.of(1, 2)));
    expect((await validate.run()).total!.data[0]).toBe(23);
    await store.write([["weight", value(Float32Array.of(0, 0))]]);
    expect((await validate.run()).total!.data[0]).toBe(0);
    await train.release();
    expect((await validate.run()).total!.data[0]).toBe(0);
    await validate.release();
  });

  test("are updated together, from the values before the run, in the order of concurrent calls", async () => {
    const other = state("other", [2]);
    const store = createStore([
      ["weight", value(Float32Array.of(1, 2))],
      ["other", value(Float32Array.of(5, 7))],
    ]);
    // Both read the values before the run: x ← 2·x + step, other ← the old x.
    const program = await compile(
      {
        inputs: [step],
        outputs: { seen: weight },
        updates: [
          { state: weight, value: add(mul(weight, 2), step) },
          { state: other, value: weight },
        ],
      },
      { ...one, store },
    );
    const runs = await Promise.all([1, 2, 3, 4, 5].map((amount) => program.run({ step: amount })));
    const expected = [1];
    for (const amount of [1, 2, 3, 4, 5]) expected.push(expected.at(-1)! * 2 + amount);
    expect(runs.map(({ seen }) => seen!.data[0])).toEqual(expected.slice(0, 5));
    expect((await store.read("weight")).data[0]).toBe(expected[5]);
    expect((await store.read("other")).data[0]).toBe(expected[4]);
    // Outputs of earlier runs are not overwritten by later ones.
    await program.run({ step: 0 });
    expect(runs[0]!.seen).toEqual(value(Float32Array.of(1, 2)));
    await program.release();
  });

  test("a run that fails neither changes them nor stops the next", async () => {
    const store = createStore([["weight", value(Float32Array.of(1, 2))]]);
    const graph = { inputs: [step], updates: [{ state: weight, value: div(weight, step) }] };
    const program = await compile(graph, { ...one, store, checkFinite: true });
    const [failed, fine] = await Promise.allSettled([program.run({ step: 0 }), program.run({ step: 2 })]);
    expect(failed.status).toBe("rejected");
    expect(fine.status).toBe("fulfilled");
    expect(await store.read("weight")).toEqual(value(Float32Array.of(0.5, 1)));
    await program.release();
  });
});

describe("checkFinite names the expression that made the first number that is not finite", () => {
  const x = input("x", [2]);
  const weight = state("weight", [2]);
  const store = () => createStore([["weight", value(Float32Array.of(1, 4))]]);
  const options = { ...one, checkFinite: true };

  test("in the forward part", async () => {
    const y = sum(exp(log(mul(x, 2))));
    const run = once({ inputs: [x], outputs: { y } }, { x: Float32Array.of(1, -1) }, options);
    await expect(run).rejects.toThrow(
      /^Element 1 of log \(f32 \[2\]\) at .*program\.test\.ts.* is NaN, the first tensor that is not finite$/,
    );
  });

  test("in a gradient, with the forward expression it belongs to; the states stay", async () => {
    const held = store();
    const loss = sum(sqrt(sub(weight, x))); // finite at 0, its slope is not
    const [dw] = gradient(loss, [weight]);
    const graph = { inputs: [x], outputs: { loss }, updates: [{ state: weight, value: sub(weight, dw!) }] };
    const run = once(graph, { x: Float32Array.of(0, 4) }, { ...options, store: held });
    await expect(run).rejects.toThrow(/^Element 1 of div .* in the gradient of sqrt .*program\.test\.ts.* is Infinity/);
    expect(await held.read("weight")).toEqual(value(Float32Array.of(1, 4)));
  });

  test("in a feed, and in halves", async () => {
    const fed = once({ inputs: [x], outputs: { y: exp(x) } }, { x: Float32Array.of(Number.NaN, 1) }, options);
    await expect(fed).rejects.toThrow(/^Element 0 of input "x" .* is NaN/);
    const half = cast(mul(x, 1000), "f16");
    const overflow = once({ inputs: [x], outputs: { half } }, { x: Float32Array.of(1, 100) }, options);
    await expect(overflow).rejects.toThrow(/^Element 1 of cast \(f16 \[2\]\) .* is Infinity/);
  });

  test("finite runs give what they give without it", async () => {
    const graph = { inputs: [x], outputs: { y: exp(x), same: x, fixed: constant(Float32Array.of(3)) } };
    const feeds = { x: Float32Array.of(0.1, 2) };
    expect(await once(graph, feeds, options)).toEqual(await once(graph, feeds));
  });
});

test("a write waits for the run before it, and all values are read between two runs", async () => {
  const [a, b] = [state("a", []), state("b", [])];
  const store = createStore([
    ["a", value(Float32Array.of(0), [])],
    ["b", value(Float32Array.of(0), [])],
  ]);
  const updates = [a, b].map((x) => ({ state: x, value: add(x, 1) }));
  const program = await compile({ updates }, { store });
  const runs = [program.run(), program.run()];
  const read = store.readAll();
  runs.push(program.run());
  const written = store.write([["a", value(Float32Array.of(100), [])]]);
  runs.push(program.run());
  expect([...(await read).values()].map(({ data }) => data[0])).toEqual([2, 2]);
  await Promise.all([...runs, written]);
  expect([...(await store.readAll()).values()].map(({ data }) => data[0])).toEqual([101, 4]);
  await program.release();
});

describe("states that are inline", () => {
  const w = state("w", [2]);
  const x = input("x", [2]);
  const held = () => createStore([["w", value(Float32Array.of(2, -3))]]);

  test("are those of the moment", async () => {
    const store = held();
    const program = await compile({ inputs: [x], outputs: { y: mul(x, exp(w)) } }, { ...one, store, inline: true });
    const feeds = { x: Float32Array.of(1, 10) };
    const before = (await program.run(feeds)).y!.data;
    await store.write([["w", value(Float32Array.of(0, 0))]]);
    const after = (await program.run(feeds)).y!.data;
    await program.release();
    expect(Array.from(before as Float32Array)).toEqual(
      [Math.exp(2), 10 * Math.exp(-3)].map((y) => expect.closeTo(y, 5)),
    );
    expect(after).toEqual(before);
  });

  test("cannot be updated", async () => {
    const graph = { inputs: [x], updates: [{ state: w, value: add(w, x) }] };
    await expect(compile(graph, { ...one, store: held(), inline: true })).rejects.toThrow("expected no updates");
  });
});
