// Arithmetic on two tensors with broadcasting; a number stands for a constant of the other operand's dtype.
import { type Emit, rule, single, type Tensor } from "../expression.ts";
import { scalar, writeFilled } from "../fill.ts";
import { type DType, formatType, type Shape } from "../types.ts";
import { broadcastShapes, sumTo } from "./broadcast.ts";
import { cast, equal, greater } from "./compare.ts";
import { expectNumbers, expectSigned } from "./dtype.ts";
import { log, neg } from "./elementwise.ts";

/** A tensor or a number. */
export type Operand = Tensor | number;

/** A constant filled with `fill`. */
export function full(fill: number, shape: Shape, dtype: DType = "f32"): Tensor {
  const element = scalar(fill, dtype);
  const emit: Emit = (graph) => (shape.length === 0 ? graph.constant(element) : writeFilled(graph, element, shape));
  return single({ operator: "constant", inputs: [], type: { dtype, shape: [...shape] }, emit });
}

/** Both operands as tensors of one dtype. @throws TypeError when the dtypes differ. */
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

type Partials = (dy: Tensor, y: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor];

function binary(operator: string, onnx: string, x: Operand, y: Operand, partials: Partials): Tensor {
  const [a, b] = operands(operator, x, y);
  (operator === "pow" ? expectSigned : expectNumbers)(operator, a);
  return single({
    operator,
    inputs: [a, b],
    type: { dtype: a.dtype, shape: broadcastShapes(operator, a.shape, b.shape) },
    emit: (graph, names) => graph.node(onnx, names),
    gradient: rule((dy, out) => {
      const [da, db] = partials(dy, out, a, b);
      return [() => sumTo(da(), a.shape), () => sumTo(db(), b.shape)];
    }),
  });
}

/** a + b */
export const add = (a: Operand, b: Operand): Tensor => binary("add", "Add", a, b, (dy) => [() => dy, () => dy]);

/** a − b */
export const sub = (a: Operand, b: Operand): Tensor => binary("sub", "Sub", a, b, (dy) => [() => dy, () => neg(dy)]);

/** a · b */
export const mul = (a: Operand, b: Operand): Tensor =>
  binary("mul", "Mul", a, b, (dy, _, x, y) => [() => mul(dy, y), () => mul(dy, x)]);

/** a / b */
export const div = (a: Operand, b: Operand): Tensor =>
  binary("div", "Div", a, b, (dy, out, _, y) => [() => div(dy, y), () => neg(mul(dy, div(out, y)))]);

/** a to the power b. The gradient by b is defined for a > 0. */
export const pow = (a: Operand, b: Operand): Tensor =>
  binary("pow", "Pow", a, b, (dy, out, x, y) => [
    () => mul(dy, mul(y, pow(x, sub(y, 1)))),
    () => mul(dy, mul(out, log(x))),
  ]);

/** 1 where `a` beats `b` by `wins`, ½ where they are equal: PyTorch's share of the gradient at a tie. */
const share = (wins: Tensor, a: Tensor, b: Tensor): Tensor =>
  add(cast(wins, a.dtype), mul(cast(equal(a, b), a.dtype), 0.5));

/** The larger of a and b; at a tie each gets half the gradient. */
export const maximum = (a: Operand, b: Operand): Tensor =>
  binary("maximum", "Max", a, b, (dy, _, x, y) => [
    () => mul(dy, share(greater(x, y), x, y)),
    () => mul(dy, share(greater(y, x), x, y)),
  ]);

/** The smaller of a and b; at a tie each gets half the gradient. */
export const minimum = (a: Operand, b: Operand): Tensor =>
  binary("minimum", "Min", a, b, (dy, _, x, y) => [
    () => mul(dy, share(greater(y, x), x, y)),
    () => mul(dy, share(greater(x, y), x, y)),
  ]);
