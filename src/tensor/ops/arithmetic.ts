// Arithmetic on two tensors with broadcasting. A number stands for a constant of the other operand's dtype.
import { rule, single, type Tensor } from "../expression.ts";
import { broadcastShapes, sumTo } from "./broadcast.ts";
import { cast, equal, greater } from "./compare.ts";
import { expectNumbers, expectSigned } from "./dtype.ts";
import { type Operand, operands } from "./operand.ts";

type Partials = (dy: Tensor, y: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor];

/** An operator on two broadcast operands, from its ONNX name and its partial derivatives. */
export function binary(operator: string, onnx: string, x: Operand, y: Operand, partials: Partials): Tensor {
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

/** −x, for floats and signed integers. */
export function neg(x: Tensor): Tensor {
  expectSigned("neg", x);
  return single({
    operator: "neg",
    inputs: [x],
    type: x,
    emit: (graph, names) => graph.node("Neg", names),
    gradient: rule((dy) => [() => neg(dy)]),
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

/** PyTorch's share of the gradient at a tie: 1 if `a` beats `b` by `wins`, ½ if they are equal, else 0. */
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
