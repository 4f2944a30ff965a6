// Means, maxima and argmax over axes, by default over all.
import { type Emit, rule, single, type Tensor } from "../expression.ts";
import { elements } from "../types.ts";
import { div, mul } from "./arithmetic.ts";
import { resolveAxes, resolveAxis } from "./axis.ts";
import { expand, kept, type ReduceOptions, reduced, reduction, sum } from "./broadcast.ts";
import { cast, equal } from "./compare.ts";
import { expectFloat, expectNumbers } from "./dtype.ts";
import { reshape } from "./shape.ts";

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

/** The largest over `axes`. Equal ones share the gradient evenly, as in PyTorch's amax. */
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
