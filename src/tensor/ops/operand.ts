// The operands of an operator: tensors, and numbers in place of constants of the other operand's dtype.
import { type Emit, single, type Tensor } from "../expression.ts";
import { scalar, writeFilled } from "../fill.ts";
import { type DType, formatType, type Shape } from "../types.ts";

/** A tensor or a number. */
export type Operand = Tensor | number;

/** A constant with `fill` in every element. */
export function full(fill: number, shape: Shape, dtype: DType = "f32"): Tensor {
  const element = scalar(fill, dtype);
  const emit: Emit = (graph) => (shape.length === 0 ? graph.constant(element) : writeFilled(graph, element, shape));
  return single({ operator: "constant", inputs: [], type: { dtype, shape: [...shape] }, emit });
}

/**
 * Both operands as tensors of one dtype.
 * @throws TypeError if the dtypes differ, or both are numbers
 */
export function operands(operator: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (typeof a === "number" && typeof b === "number")
    throw new TypeError(`${operator}: expected a tensor, got the numbers ${a} and ${b}`);
  const left = typeof a === "number" ? full(a, [], (b as Tensor).dtype) : a;
  const right = typeof b === "number" ? full(b, [], left.dtype) : b;
  if (left.dtype !== right.dtype)
    throw new TypeError(
      `${operator}: expected one dtype, got ${formatType(left)} and ${formatType(right)}; cast one of them`,
    );
  return [left, right];
}
