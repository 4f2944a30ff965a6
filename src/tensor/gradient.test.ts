import { expect, test } from "vitest";
import { input, state, topological, describe as words } from "./expression.ts";
import { gradient } from "./gradient.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { stopGradient, sum } from "./ops/broadcast.ts";
import { cast, greater } from "./ops/compare.ts";
import { exp, sin } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { split } from "./ops/shape.ts";
import { compile } from "./program.ts";

const x = input("x", [2]);
const feeds = { x: Float32Array.of(0.5, -1) };

async function numbers(tensor: Parameters<typeof topological>[0][number]): Promise<number[]> {
  const program = await compile({ inputs: [x], outputs: { y: tensor } }, { threads: 1 });
  const { y } = await program.run(feeds);
  await program.release();
  return Array.from(y!.data, Number);
}

test("the loss must be a float scalar", () => {
  expect(() => gradient(x, [x])).toThrow("gradient: expected a scalar loss, got f32 [2]; take its mean or sum");
  expect(() => gradient(input("n", [], "i32"), [x])).toThrow("got i32 []");
});

test("a parameter that the loss does not reach is an error or gets zeros", async () => {
  const other = state("other", [2, 3]);
  const loss = sum(exp(x));
  expect(() => gradient(loss, [x, other])).toThrow(/does not depend on state "other" \(f32 \[2, 3\]\)/);
  const [, zeros] = gradient(loss, [x, other], { unreached: "zeros" });
  expect(zeros!.shape).toEqual([2, 3]);
  expect(await numbers(zeros!)).toEqual([0, 0, 0, 0, 0, 0]);
  // Through a comparison nothing flows.
  expect(() => gradient(sum(cast(greater(x, 0), "f32")), [x])).toThrow(/through anything differentiable/);
});

test("stopGradient is exact: nothing is built behind it", async () => {
  const behind = sin(x);
  const loss = sum(mul(stopGradient(behind), x));
  const [dx] = gradient(loss, [x]);
  // dx = expand(1) · stopGradient(sin x): the product's other side, and no cosine.
  const operators = topological([dx!]).map(({ operator }) => operator);
  expect(operators).not.toContain("cos");
  expect(operators.filter((operator) => operator === "mul")).toHaveLength(1);
  expect(await numbers(dx!)).toEqual([Math.fround(Math.sin(0.5)), Math.fround(Math.sin(-1))]);
  expect(() => gradient(sum(stopGradient(x)), [x])).toThrow(/does not depend/);
});

test("nothing is built towards what is no parameter", () => {
  const weight = state("weight", [2, 2]);
  const hidden = matmul(exp(input("deep", [2, 2])), weight);
  const loss = sum(hidden);
  const before = topological([loss]).length;
  const [dw] = gradient(loss, [weight]);
  // The gradient adds one product, and the seed and its expansion.
  const added = topological([loss, dw!]).length - before;
  expect(added).toBeLessThanOrEqual(4);
  expect(topological([dw!]).filter(({ operator }) => operator === "matmul")).toHaveLength(1);
});

test("shared subexpressions add up, and are differentiated once", async () => {
  const shared = exp(x);
  const loss = sum(add(mul(shared, shared), add(shared, x)));
  const [dx] = gradient(loss, [x]);
  const got = await numbers(dx!);
  [0.5, -1].forEach((value, i) => {
    expect(got[i]).toBeCloseTo(2 * Math.exp(2 * value) + Math.exp(value) + 1, 5);
  });
  // A chain that doubles at every step has 2^40 paths and 40 nodes.
  let chain = x;
  for (let i = 0; i < 40; i++) chain = add(chain, chain);
  const [slope] = gradient(sum(chain), [x]);
  expect(topological([slope!]).length).toBeLessThan(200);
  expect(await numbers(slope!)).toEqual([2 ** 40, 2 ** 40]);
});

test("a parameter may be any expression, and be used through one output of several", async () => {
  const middle = mul(x, 3);
  const [first, second] = split(middle, 0, [1, 1]);
  const [dmiddle, dfirst] = gradient(sum(mul(first!, second!)), [middle, first!]);
  expect(await numbers(dmiddle!)).toEqual([-3, 1.5]);
  expect(await numbers(dfirst!)).toEqual([-3]);
});

test("a graph deeper than the call stack", async () => {
  let deep = x;
  for (let i = 0; i < 20_000; i++) deep = add(deep, 1);
  const [dx] = gradient(sum(deep), [x]);
  expect(await numbers(dx!)).toEqual([1, 1]);
});

test("a node of a gradient says whose gradient it is", () => {
  const [dx] = gradient(sum(exp(x)), [x]);
  expect(words(dx!)).toMatch(/^mul \(f32 \[2\]\) in the gradient of exp \(f32 \[2\]\) at .*gradient\.test\.ts/);
});
