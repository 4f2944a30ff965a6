// Reductions over axes: all of them when none are named. `keep` leaves reduced axes in place with size 1.

import { type Emit, type Gradient, rule, single, type Tensor } from "../expression.ts";
import { scalar, writeFilled } from "../fill.ts";
import { elements, isFloat, type Shape } from "../types.ts";
import { div, mul } from "./arithmetic.ts";
import { resolveAxes, resolveAxis } from "./axis.ts";
import { expand } from "./broadcast.ts";
import { cast, equal } from "./compare.ts";
import { expectFloat, expectNumbers, expectSigned } from "./dtype.ts";
import { reshape } from "./shape.ts";

export interface ReduceOptions {
  readonly keep?: boolean;
}

const kept = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep ? kept(shape, axes) : shape.filter((_, axis) => !axes.includes(axis));
}

function reduction(
  operator: string,
  x: Tensor,
  axes: readonly number[],
  keep: boolean,
  emit: Emit,
  gradient: Gradient,
): Tensor {
  (operator === "sum" ? expectSigned : expectNumbers)(operator, x);
  const type = { dtype: x.dtype, shape: reduced(x.shape, axes, keep) };
  return single({ operator, inputs: [x], type, emit, gradient });
}

/** Σ over `axes`. */
export function sum(x: Tensor, axes?: number | readonly number[], { keep = false }: ReduceOptions = {}): Tensor {
  const over = resolveAxes("sum", x, axes);
  const shape = reduced(x.shape, over, keep);
  const rows = elements(over.map((axis) => x.shape[axis]!));
  // Leading axes of floats, as in the gradient of a bias: a row of ones times a matrix takes half the time of ReduceSum on a CPU.
  const leading = isFloat(x.dtype) && over.length < x.shape.length && over.at(-1) === over.length - 1;
  const emit: Emit = (graph, [a]) => {
    if (!leading)
      return graph.node("ReduceSum", [a!, graph.integers(over)], { attributes: { keepdims: { int: Number(keep) } } });
    const ones = writeFilled(graph, scalar(1, x.dtype), [1, rows]);
    const [matrix] = graph.node("Reshape", [a!, graph.integers([rows, elements(shape)])]);
    const [total] = graph.node("MatMul", [ones, matrix!]);
    return graph.node("Reshape", [total!, graph.integers(shape)]);
  };
  return over.length === 0
    ? x
    : reduction(
        "sum",
        x,
        over,
        keep,
        emit,
        rule((dy) => [() => expand(reshape(dy, kept(x.shape, over)), x.shape)]),
      );
}

/** The mean over `axes`. */
export function mean(x: Tensor, axes?: number | readonly number[], { keep = false }: ReduceOptions = {}): Tensor {
  expectFloat("mean", x);
  const over = resolveAxes("mean", x, axes);
  const count = elements(over.map((axis) => x.shape[axis]!));
  const emit: Emit = (graph, names) =>
    graph.node("ReduceMean", names, { attributes: { axes: { ints: over }, keepdims: { int: Number(keep) } } });
  return over.length === 0
    ? x
    : reduction(
        "mean",
        x,
        over,
        keep,
        emit,
        rule((dy) => [() => expand(reshape(mul(dy, 1 / count), kept(x.shape, over)), x.shape)]),
      );
}

/** The largest over `axes`; equal ones share the gradient evenly, as PyTorch's amax. */
export function max(x: Tensor, axes?: number | readonly number[], { keep = false }: ReduceOptions = {}): Tensor {
  const over = resolveAxes("max", x, axes);
  const emit: Emit = (graph, names) =>
    graph.node("ReduceMax", names, { attributes: { axes: { ints: over }, keepdims: { int: Number(keep) } } });
  const gradient = rule((dy, y) => [
    () => {
      const winners = cast(equal(x, reshape(y, kept(x.shape, over))), x.dtype);
      return mul(winners, div(reshape(dy, kept(x.shape, over)), sum(winners, over, { keep: true })));
    },
  ]);
  return over.length === 0 ? x : reduction("max", x, over, keep, emit, gradient);
}

/** The index of the largest along `axis`, the first of several equal ones, as i32. */
export function argmax(x: Tensor, axis = -1): Tensor {
  expectNumbers("argmax", x);
  const over = resolveAxis("argmax", x, axis);
  const index = single({
    operator: "argmax",
    inputs: [x],
    type: { dtype: "i64", shape: reduced(x.shape, [over], false) },
    emit: (graph, names) => graph.node("ArgMax", names, { attributes: { axis: { int: over }, keepdims: { int: 0 } } }),
  });
  return cast(index, "i32");
}
