// Softmax and its logarithm along one axis, both stable for large logits.
import { rule, single, type Tensor } from "../expression.ts";
import { mul, sub } from "./arithmetic.ts";
import { resolveAxis } from "./axis.ts";
import { sum } from "./broadcast.ts";
import { expectFloat } from "./dtype.ts";
import { exp } from "./elementwise.ts";

/** exp(x) / Σ exp(x) */
export function softmax(x: Tensor, axis = -1): Tensor {
  expectFloat("softmax", x);
  const over = resolveAxis("softmax", x, axis);
  return single({
    operator: "softmax",
    inputs: [x],
    type: x,
    emit: (graph, names) => graph.node("Softmax", names, { attributes: { axis: { int: over } } }),
    gradient: rule((dy, y) => [() => mul(y, sub(dy, sum(mul(dy, y), over, { keep: true })))]),
  });
}

/** x − log Σ exp(x) */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  expectFloat("logSoftmax", x);
  const over = resolveAxis("logSoftmax", x, axis);
  return single({
    operator: "logSoftmax",
    inputs: [x],
    type: x,
    emit: (graph, names) => graph.node("LogSoftmax", names, { attributes: { axis: { int: over } } }),
    gradient: rule((dy, y) => [() => sub(dy, mul(exp(y), sum(dy, over, { keep: true })))]),
  });
}
