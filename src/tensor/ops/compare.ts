// Comparisons, logic and choice. Comparisons give bool and pass no gradient.
import { rule, single, type Tensor } from "../expression.ts";
import { onnxType } from "../onnx.ts";
import { type DType, isFloat } from "../types.ts";
import { broadcastShapes, sumTo } from "./broadcast.ts";
import { expectBool, expectNumbers } from "./dtype.ts";
import { full, type Operand, operands } from "./operand.ts";

function comparison(operator: string, onnx: string, x: Operand, y: Operand): Tensor {
  const [a, b] = operands(operator, x, y);
  return single({
    operator,
    inputs: [a, b],
    type: { dtype: "bool", shape: broadcastShapes(operator, a.shape, b.shape) },
    emit: (graph, names) => graph.node(onnx, names),
  });
}

/** a = b, as bool. */
export const equal = (a: Operand, b: Operand): Tensor => comparison("equal", "Equal", a, b);
/** An ordering of numbers. Booleans have none. */
function ordering(operator: string, onnx: string, x: Operand, y: Operand): Tensor {
  for (const operand of operands(operator, x, y)) expectNumbers(operator, operand);
  return comparison(operator, onnx, x, y);
}

/** a < b, as bool. */
export const less = (a: Operand, b: Operand): Tensor => ordering("less", "Less", a, b);
/** a ≤ b, as bool. */
export const lessEqual = (a: Operand, b: Operand): Tensor => ordering("lessEqual", "LessOrEqual", a, b);
/** a > b, as bool. */
export const greater = (a: Operand, b: Operand): Tensor => ordering("greater", "Greater", a, b);
/** a ≥ b, as bool. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => ordering("greaterEqual", "GreaterOrEqual", a, b);
/** a ≠ b, as bool. */
export const notEqual = (a: Operand, b: Operand): Tensor => logicalNot(equal(a, b));

function logical(operator: string, onnx: string, a: Tensor, b: Tensor): Tensor {
  expectBool(operator, a);
  expectBool(operator, b);
  return comparison(operator, onnx, a, b);
}

/** Both, for bool. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => logical("logicalAnd", "And", a, b);
/** Either or both, for bool. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => logical("logicalOr", "Or", a, b);

/** The opposite, for bool. */
export function logicalNot(x: Tensor): Tensor {
  expectBool("logicalNot", x);
  return single({ operator: "logicalNot", inputs: [x], type: x, emit: (graph, names) => graph.node("Not", names) });
}

/** `a` if the condition holds, else `b`, element by element. All three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  expectBool("where", condition);
  const [x, y] = operands("where", a, b);
  expectNumbers("where", x);
  const pick = (dy: Tensor, first: boolean) =>
    first ? where(condition, dy, full(0, [], x.dtype)) : where(condition, full(0, [], x.dtype), dy);
  return single({
    operator: "where",
    inputs: [condition, x, y],
    type: { dtype: x.dtype, shape: broadcastShapes("where", condition.shape, x.shape, y.shape) },
    emit: (graph, names) => graph.node("Where", names),
    gradient: rule((dy) => [undefined, () => sumTo(pick(dy, true), x.shape), () => sumTo(pick(dy, false), y.shape)]),
  });
}

/**
 * Changes the dtype. To bool, everything but 0 is true; floats to integers truncate. Gradients pass between floats
 * only.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const float = isFloat(x.dtype) && isFloat(dtype);
  return single({
    operator: "cast",
    inputs: [x],
    type: { dtype, shape: x.shape },
    emit: (graph, names) => graph.node("Cast", names, { attributes: { to: { int: onnxType(dtype) } } }),
    ...(float && { gradient: rule((dy) => [() => cast(dy, x.dtype)]) }),
  });
}
