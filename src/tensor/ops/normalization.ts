// Normalisation over the last axis.

import { multiple, type Tensor } from "../expression.ts";
import { scalar } from "../fill.ts";
import { formatType } from "../types.ts";
import { mul, sub } from "./arithmetic.ts";
import { sumTo } from "./broadcast.ts";
import { expectFloat } from "./elementwise.ts";
import { mean } from "./reduce.ts";

function expectScale(operator: string, x: Tensor, ...parameters: Tensor[]): void {
  expectFloat(operator, x);
  for (const parameter of parameters)
    if (parameter.shape.length !== 1 || parameter.shape[0] !== x.shape.at(-1) || parameter.dtype !== x.dtype)
      throw new TypeError(
        `${operator}: expected parameters [${x.shape.at(-1)}] for ${formatType(x)}, got ${formatType(parameter)}`,
      );
}

/** The kernels' statistics are outputs that only the first gradient uses. */
function once(operator: string, upstream: readonly (Tensor | undefined)[]): Tensor {
  if (upstream.slice(1).some(Boolean)) throw new Error(`${operator}: its gradient cannot be differentiated again`);
  return upstream[0]!;
}

/** (x − mean) / √(variance + ε) · weight + bias (Ba et al. 2016); weight and bias are [width]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  expectScale("layerNorm", x, weight, bias);
  const statistics = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  const [y] = multiple({
    operator: "layerNorm",
    inputs: [x, weight, bias],
    types: [x, statistics, statistics],
    emit: (graph, names) =>
      graph.node("LayerNormalization", names, {
        attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
        outputs: 3,
      }),
    gradient: (upstream, [, average, inverse]) => {
      const dy = once("layerNorm", upstream);
      const normal = mul(sub(x, average!), inverse!);
      return [
        () => {
          const g = mul(dy, weight);
          const along = mul(normal, mean(mul(g, normal), -1, { keep: true }));
          return mul(sub(sub(g, mean(g, -1, { keep: true })), along), inverse!);
        },
        () => sumTo(mul(dy, normal), weight.shape),
        () => sumTo(dy, bias.shape),
      ];
    },
  });
  return y!;
}

/** x / √(mean x² + ε) · weight (Zhang & Sennrich 2019). Gemma stores weight − 1: pass add(1, weight). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-6): Tensor {
  expectScale("rmsNorm", x, weight);
  const statistics = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  const [y] = multiple({
    operator: "rmsNorm",
    inputs: [x, weight],
    types: [x, statistics],
    emit: (graph, [a, scale]) => {
      const axes = { attributes: { axes: { ints: [-1] }, keepdims: { int: 1 } } };
      const [square] = graph.node("Mul", [a!, a!]);
      const [average] = graph.node("ReduceMean", [square!], axes);
      const shift = graph.constant(scalar(epsilon, x.dtype));
      const [root] = graph.node("Sqrt", graph.node("Add", [average!, shift]));
      const [inverse] = graph.node("Reciprocal", [root!]);
      const [normal] = graph.node("Mul", [a!, inverse!]);
      return [...graph.node("Mul", [normal!, scale!]), inverse!];
    },
    gradient: (upstream, [, inverse]) => {
      const dy = once("rmsNorm", upstream);
      const normal = mul(x, inverse!);
      return [
        () => {
          const g = mul(dy, weight);
          return mul(sub(g, mul(normal, mean(mul(g, normal), -1, { keep: true }))), inverse!);
        },
        () => sumTo(mul(dy, normal), weight.shape),
      ];
    },
  });
  return y!;
}
