// NumPy's broadcasting: shapes align at the last axis, and a size of 1 stretches.
import { multiple, rule, single, type Tensor } from "../expression.ts";
import { elements, formatShape, type Shape, sameShape } from "../types.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./shape.ts";

/** The common shape of several. @throws TypeError naming the operator, the shapes and the axis that does not fit. */
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

/** Stretches `x` to `shape`. */
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

/** The transpose of broadcasting: sums `x` down to `shape`, over every axis that was stretched. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (elements(x.shape) === elements(shape)) return reshape(x, shape);
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(x, axes), shape);
}

/** Gives the value of `x` and lets no gradient through; nothing is built behind it. */
export const stopGradient = (x: Tensor): Tensor =>
  multiple({ operator: "stopGradient", inputs: [x], types: [x], emit: (_, [a]) => a! })[0]!;
