// NumPy's broadcasting: shapes align at the last axis, and a size of 1 stretches. Expanding and summing are each
// other's gradients.
import { type Emit, type Gradient, multiple, rule, single, type Tensor } from "../expression.ts";
import { scalar, writeFilled } from "../fill.ts";
import { elements, formatShape, isFloat, type Shape, sameShape } from "../types.ts";
import { resolveAxes } from "./axis.ts";
import { expectNumbers, expectSigned } from "./dtype.ts";
import { reshape } from "./shape.ts";

/**
 * The common shape of several.
 * @throws TypeError naming the operator, the shapes and the misfit axis
 */
export function broadcastShapes(operator: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1) continue;
      if (size !== 1 && size !== own) {
        const all = shapes.map(formatShape).join(" and ");
        throw new TypeError(
          `${operator}: ${all} do not broadcast: sizes ${size} and ${own} meet ${rank - axis} from the end`,
        );
      }
      size = own;
    }
    return size;
  });
}

/**
 * Stretches `x` to `shape`.
 * @throws TypeError if the shape does not fit
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("expand", x.shape, shape), shape))
    throw new TypeError(`expand: ${formatShape(x.shape)} does not stretch to ${formatShape(shape)}`);
  return single({
    operator: "expand",
    inputs: [x],
    type: { dtype: x.dtype, shape: [...shape] },
    emit: (graph, [a]) => graph.node("Expand", [a!, graph.integers(shape)]),
    gradient: rule((dy) => [() => sumTo(dy, x.shape)]),
  });
}

/** Options of reductions. */
export interface ReduceOptions {
  /** Leaves reduced axes in place with size 1; default false. */
  readonly keep?: boolean;
}

/** The shape after a reduction that keeps its axes. */
export const kept = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** The shape after a reduction. */
export function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep ? kept(shape, axes) : shape.filter((_, axis) => !axes.includes(axis));
}

/** A reduction over axes, from its ONNX nodes and its gradient. */
export function reduction(
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

/** Σ over `axes`, by default over all. */
export function sum(x: Tensor, axes?: number | readonly number[], { keep = false }: ReduceOptions = {}): Tensor {
  const over = resolveAxes("sum", x, axes);
  const shape = reduced(x.shape, over, keep);
  const rows = elements(over.map((axis) => x.shape[axis]!));
  // Leading axes of floats, as for a bias: a row of ones times a matrix takes half the time of ReduceSum on a CPU.
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

/** The transpose of broadcasting: sums `x` down to `shape`, over every stretched axis. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (elements(x.shape) === elements(shape)) return reshape(x, shape);
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(x, axes), shape);
}

/** The value of `x` without its gradient. Nothing is built behind it. */
export const stopGradient = (x: Tensor): Tensor =>
  multiple({ operator: "stopGradient", inputs: [x], types: [x], emit: (_, [a]) => a! })[0]!;
