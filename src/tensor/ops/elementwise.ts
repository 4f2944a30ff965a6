// Functions element by element.

import { type Emit, rule, single, type Tensor } from "../expression.ts";
import { scalar } from "../fill.ts";
import { add, binary, div, mul, neg, sub } from "./arithmetic.ts";
import { cast, greater, greaterEqual, lessEqual, logicalAnd } from "./compare.ts";
import { expectFloat, expectNumbers } from "./dtype.ts";
import type { Operand } from "./operand.ts";

function unary(operator: string, x: Tensor, emit: Emit, derivative: (dy: Tensor, y: Tensor) => Tensor): Tensor {
  expectFloat(operator, x);
  return single({ operator, inputs: [x], type: x, emit, gradient: rule((dy, y) => [() => derivative(dy, y)]) });
}

const standard =
  (type: string): Emit =>
  (graph, names) =>
    graph.node(type, names);

const fused =
  (type: string): Emit =>
  (graph, names) =>
    graph.node(type, names, { domain: "com.microsoft" });

/** eˣ */
export const exp = (x: Tensor): Tensor => unary("exp", x, standard("Exp"), (dy, y) => mul(dy, y));

/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary("log", x, standard("Log"), (dy) => div(dy, x));

/** a to the power b. The gradient by b is defined for a > 0. */
export const pow = (a: Operand, b: Operand): Tensor =>
  binary("pow", "Pow", a, b, (dy, out, x, y) => [
    () => mul(dy, mul(y, pow(x, sub(y, 1)))),
    () => mul(dy, mul(out, log(x))),
  ]);

/** Square root. */
export const sqrt = (x: Tensor): Tensor => unary("sqrt", x, standard("Sqrt"), (dy, y) => div(mul(dy, 0.5), y));

/** Sine of radians. */
export const sin = (x: Tensor): Tensor => unary("sin", x, standard("Sin"), (dy) => mul(dy, cos(x)));

/** Cosine of radians. */
export const cos = (x: Tensor): Tensor => unary("cos", x, standard("Cos"), (dy) => neg(mul(dy, sin(x))));

/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary("tanh", x, standard("Tanh"), (dy, y) => mul(dy, sub(1, mul(y, y))));

/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Tensor): Tensor =>
  unary("sigmoid", x, standard("Sigmoid"), (dy, y) => mul(dy, mul(y, sub(1, y))));

/** max(x, 0); the gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor =>
  unary("relu", x, standard("Relu"), (dy, y) => mul(dy, cast(greater(y, 0), x.dtype)));

/** The error function, (2/√π) ∫₀ˣ e^(−t²) dt. */
export const erf = (x: Tensor): Tensor =>
  unary("erf", x, standard("Erf"), (dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));

/** x · sigmoid(x), also called swish. */
export const silu = (x: Tensor): Tensor =>
  unary(
    "silu",
    x,
    // ONNX Runtime fuses both into one operator. Unlike its own, it also computes this one ahead for a constant x.
    (graph, [a]) => graph.node("Mul", [a!, ...graph.node("Sigmoid", [a!])]),
    // (x·s)′ = s + y·(1 − s)
    (dy, y) => {
      const s = sigmoid(x);
      return mul(dy, add(s, mul(y, sub(1, s))));
    },
  );

/**
 * Gaussian error linear unit, x·Φ(x). `erf` is exact, PyTorch's default. `tanh` is the approximation of Gemma and
 * SigLIP (Hendrycks & Gimpel 2016, section 2).
 */
export function gelu(x: Tensor, form: "erf" | "tanh" = "erf"): Tensor {
  return form === "erf" ? unary("gelu", x, fused("Gelu"), (dy) => mul(dy, geluErfDerivative(x))) : geluTanh(x);
}

/** Φ(x) + x·φ(x) */
function geluErfDerivative(x: Tensor): Tensor {
  const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
  const density = exp(mul(mul(x, x), -0.5));
  return add(cumulative, mul(mul(x, density), 1 / Math.sqrt(2 * Math.PI)));
}

/** x·s with s = sigmoid(2u), u = √(2/π)·(x + 0.044715·x³); so (x·s)′ = s + y·(1 − s)·2u′. */
function geluTanh(x: Tensor): Tensor {
  const slope = 2 * Math.sqrt(2 / Math.PI);
  return unary("gelu", x, fused("FastGelu"), (dy, y) => {
    const square = mul(x, x);
    const s = sigmoid(mul(x, add(mul(square, slope * 0.044715), slope)));
    const inner = add(mul(square, slope * 3 * 0.044715), slope);
    return mul(dy, add(s, mul(mul(y, sub(1, s)), inner)));
  });
}

/**
 * x held between `low` and `high`. The gradient is 1 inside, both ends included, and 0 outside.
 * @throws TypeError unless low ≤ high
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  expectNumbers("clamp", x);
  if (!(low <= high)) throw new TypeError(`clamp: expected low ≤ high, got ${low} and ${high}`);
  return single({
    operator: "clamp",
    inputs: [x],
    type: x,
    emit: (graph, [name]) =>
      graph.node("Clip", [name!, ...[low, high].map((bound) => graph.constant(scalar(bound, x.dtype)))]),
    gradient: rule((dy) => [() => mul(dy, cast(logicalAnd(greaterEqual(x, low), lessEqual(x, high)), x.dtype))]),
  });
}
