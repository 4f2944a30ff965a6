import { describe, expect, test } from "vitest";
import { constant, type Tensor } from "../src/tensor/expression.ts";
import { gradient } from "../src/tensor/gradient.ts";
import { add, mul } from "../src/tensor/ops/arithmetic.ts";
import { sum } from "../src/tensor/ops/broadcast.ts";
import { cast } from "../src/tensor/ops/compare.ts";
import { compile } from "../src/tensor/program.ts";
import { formatType, isFloat, type TensorValue } from "../src/tensor/types.ts";
import { build, type Case, calls, cases, exportedOperators, toNumbers, toValue } from "./golden/tensor/cases.ts";

test("every operator has golden cases", async () => {
  const operators = await exportedOperators();
  expect(operators.length).toBeGreaterThan(50);
  expect([...new Set(cases.map(({ operator }) => operator))].sort()).toEqual(operators);
  expect(Object.keys(calls).sort()).toEqual(operators);
});

/** Σ upstream · output over all outputs. */
function weighted(outputs: readonly Tensor[], upstream: NonNullable<Case["upstream"]>): Tensor {
  const parts = outputs.map((output, i) => {
    const { data, shape } = toValue(upstream[i]!);
    return sum(mul(cast(output, "f32"), constant(data, shape)));
  });
  return parts.reduce((a, b) => add(a, b));
}

/** Relative to the number and a little to the largest of the tensor; exact for integers. */
function expectClose(
  actual: TensorValue,
  golden: TensorValue,
  { inputs, outputs, absolute }: Case,
  what: string,
): void {
  expect(formatType(actual), what).toBe(formatType(golden));
  const [got, want] = [toNumbers(actual), toNumbers(golden)];
  if (!isFloat(golden.dtype)) expect(got, what).toEqual(want);
  const tolerance = [...inputs, ...outputs].some(({ dtype }) => dtype === "f16") ? 4e-3 : 1e-5;
  const scale = Math.max(...want.map(Math.abs));
  want.forEach((x, i) => {
    const allowed = tolerance * (0.1 * scale + 0.9 * Math.abs(x)) + absolute;
    if (!(Math.abs(got[i]! - x) <= allowed)) expect.fail(`${what}, element ${i}: expected ${x}, got ${got[i]}`);
  });
}

describe("forward values and gradients are PyTorch's", () => {
  test.each(Object.keys(calls))("%s", async (operator) => {
    const own = cases.filter((each) => each.operator === operator);
    expect(own.length).toBeGreaterThan(0);
    const results: Record<string, Tensor> = {};
    const golden = new Map<string, { readonly each: Case; readonly want: TensorValue }>();
    const graphs = own.map(build);
    graphs.forEach(({ leaves, outputs }, k) => {
      const each = own[k]!;
      outputs.forEach((output, i) => {
        results[`${each.name}: output ${i}`] = output;
        golden.set(`${each.name}: output ${i}`, { each, want: toValue(each.outputs[i]!) });
      });
      if (each.gradients === undefined) return;
      const wanted = leaves.flatMap((leaf, i) => (each.gradients![i] ? [{ leaf, i }] : []));
      const found = gradient(
        weighted(outputs, each.upstream!),
        wanted.map(({ leaf }) => leaf),
      );
      wanted.forEach(({ i }, at) => {
        results[`${each.name}: gradient ${i}`] = found[at]!;
        golden.set(`${each.name}: gradient ${i}`, { each, want: toValue(each.gradients![i]!) });
      });
    });
    const program = await compile({ inputs: graphs.flatMap(({ leaves }) => leaves), outputs: results }, { threads: 1 });
    const values = await program.run(Object.assign({}, ...graphs.map(({ feeds }) => feeds)));
    for (const [what, { each, want }] of golden) expectClose(values[what]!, want, each, `${operator}, ${what}`);
    await program.release();
  });
});
