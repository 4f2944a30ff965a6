// Gradients against central differences of the forward values, independent of PyTorch and of all gradient rules.
import { describe, expect, test } from "vitest";
import { random } from "../src/system/random.ts";
import { constant, input, type Tensor } from "../src/tensor/expression.ts";
import { gradient } from "../src/tensor/gradient.ts";
import { add, mul } from "../src/tensor/ops/arithmetic.ts";
import { sum } from "../src/tensor/ops/broadcast.ts";
import { conv2d } from "../src/tensor/ops/conv2d.ts";
import { exp, gelu, log, sigmoid, silu, tanh } from "../src/tensor/ops/elementwise.ts";
import { gather, takeAlongAxis } from "../src/tensor/ops/indexing.ts";
import { matmul } from "../src/tensor/ops/matmul.ts";
import { mean } from "../src/tensor/ops/reduce.ts";
import { logSoftmax, softmax } from "../src/tensor/ops/softmax.ts";
import { compile, type Feed } from "../src/tensor/program.ts";
import { elements, isFloat, type Shape } from "../src/tensor/types.ts";
import { build, cases, toNumbers, toValue } from "./golden/tensor/cases.ts";

/** A step large enough for float32; the fourth-order formula below leaves an error of step⁴. */
const step = 1 / 32;

interface Problem {
  readonly leaves: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly feeds: Readonly<Record<string, Feed>>;
}

/** ∂ Σ weight · output / ∂x for every element of `leaf`; the sum is taken in double precision. */
async function differences({ leaves, outputs, feeds }: Problem, weights: readonly Float32Array[], leaf: Tensor) {
  const named = Object.fromEntries(outputs.map((output, i) => [`${i}`, output]));
  const program = await compile({ inputs: leaves, outputs: named }, { threads: 1 });
  const numbers = toNumbers(feeds[leaf.node.name!] as ReturnType<typeof toValue>);
  const at = async (element: number, offset: number) => {
    const moved = Float32Array.from(numbers);
    moved[element]! += offset;
    const results = await program.run({ ...feeds, [leaf.node.name!]: moved });
    let total = 0;
    weights.forEach((weight, i) => {
      toNumbers(results[i]!).forEach((y, j) => {
        total += weight[j]! * y;
      });
    });
    return total;
  };
  const slopes: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const near = (await at(i, step)) - (await at(i, -step));
    const far = (await at(i, 2 * step)) - (await at(i, -2 * step));
    slopes.push((8 * near - far) / (12 * step));
  }
  await program.release();
  return slopes;
}

/** Compares the gradient by every leaf in `by` with differences. */
async function check(problem: Problem, weights: readonly Float32Array[], by: readonly Tensor[]): Promise<void> {
  const { leaves, outputs, feeds } = problem;
  const parts = outputs.map((output, i) => sum(mul(output, constant(weights[i]!, output.shape))));
  const loss = parts.reduce((a, b) => add(a, b));
  const found = Object.fromEntries(gradient(loss, by).map((dx, i) => [`${i}`, dx]));
  const program = await compile({ inputs: leaves, outputs: found }, { threads: 1 });
  const results = await program.run(feeds);
  await program.release();
  for (const [i, leaf] of by.entries()) {
    const want = await differences(problem, weights, leaf);
    const scale = Math.max(1, ...want.map(Math.abs));
    toNumbers(results[i]!).forEach((got, j) => {
      if (!(Math.abs(got - want[j]!) <= 5e-4 * scale))
        expect.fail(`${leaf.node.name}, element ${j}: differences give ${want[j]}, the gradient ${got}`);
    });
  }
}

const smooth = cases.filter(({ gradients, smooth }) => smooth && gradients?.some((each) => each !== null));

describe("gradients are slopes", () => {
  test.each([...new Set(smooth.map(({ operator }) => operator))])("%s", async (operator) => {
    for (const each of smooth.filter((one) => one.operator === operator)) {
      const problem = build(each);
      const weights = each.upstream!.map((numbers) => toValue(numbers).data as Float32Array);
      const by = problem.leaves.filter((_, i) => each.gradients![i]);
      await check(problem, weights, by);
    }
  });
});

test("only operators without a gradient are left out", () => {
  const left = new Set(cases.map(({ operator }) => operator));
  for (const { operator } of smooth) left.delete(operator);
  const comparisons = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"];
  const logic = ["logicalAnd", "logicalOr", "logicalNot"];
  const others = ["argmax", "full", "oneHot", "rotaryAngles", "stopGradient"];
  expect([...left].sort()).toEqual([...comparisons, ...logic, ...others].sort());
});

describe("second gradients are slopes of first ones", () => {
  const twice: readonly (readonly [string, readonly Shape[], (...x: Tensor[]) => Tensor])[] = [
    ["exp", [[2, 3]], exp],
    ["log of exp", [[4]], (x) => log(add(exp(x), 1))],
    ["mul with broadcasting", [[2, 3], [3]], (a, b) => mul(mul(a, a), b)],
    [
      "matmul",
      [
        [2, 3],
        [3, 2],
      ],
      (a, b) => tanh(matmul(a, b)),
    ],
    [
      "batched matmul",
      [
        [2, 2, 3],
        [2, 2, 3],
      ],
      (a, b) => matmul(mul(a, a), b, { transposeB: true, scale: 0.5 }),
    ],
    ["softmax", [[2, 4]], (x) => softmax(x)],
    ["logSoftmax", [[4, 2]], (x) => logSoftmax(x, 0)],
    ["gelu erf", [[6]], (x) => gelu(x)],
    ["gelu tanh", [[6]], (x) => gelu(x, "tanh")],
    ["silu", [[6]], silu],
    ["sigmoid", [[6]], sigmoid],
    ["mean", [[3, 2]], (x) => mul(mean(x, 0, { keep: true }), x)],
    [
      "conv2d",
      [
        [1, 2, 4, 5],
        [2, 2, 2, 3],
      ],
      (x, w) => conv2d(x, w, undefined, { stride: 2, padding: 1 }),
    ],
    ["gather", [[3, 2]], (x) => exp(gather(x, constant(Int32Array.of(2, 0, 2))))],
    ["takeAlongAxis", [[2, 3]], (x) => exp(takeAlongAxis(x, constant(Int32Array.of(1, 1, 0, 2), [2, 2]), 1))],
  ];
  test.each(twice)("%s", async (_, shapes, operator) => {
    const generator = random("second gradients");
    const normals = (shape: Shape) => Float32Array.from({ length: elements(shape) }, () => generator.normal());
    const leaves = shapes.map((shape, i) => input(`x${i}`, shape));
    const output = operator(...leaves);
    const first = gradient(sum(mul(output, constant(normals(output.shape), output.shape))), leaves);
    const feeds = Object.fromEntries(
      leaves.map(({ shape, dtype }, i) => [`x${i}`, { shape, dtype, data: normals(shape) }]),
    );
    expect(first.every(({ dtype }) => isFloat(dtype))).toBe(true);
    await check(
      { leaves, outputs: first, feeds },
      first.map(({ shape }) => normals(shape)),
      leaves,
    );
  });
});
