// Normalisation over the last axis. Halves are normalised in float32: the squares of a half overflow at 256.

import { multiple, type Tensor } from "../expression.ts";
import { scalar } from "../fill.ts";
import { formatType } from "../types.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { sumTo } from "./broadcast.ts";
import { cast } from "./compare.ts";
import { expectFloat } from "./dtype.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";

function expectScale(operator: string, x: Tensor, ...parameters: Tensor[]): void {
  expectFloat(operator, x);
  for (const parameter of parameters)
    if (parameter.shape.length !== 1 || parameter.shape[0] !== x.shape.at(-1) || parameter.dtype !== x.dtype)
      throw new TypeError(
        `${operator}: expected parameters [${x.shape.at(-1)}] for ${formatType(x)}, got ${formatType(parameter)}`,
      );
}

/** The upstream gradient of the first output. The others are the kernel's statistics, for the first gradient alone. */
function once(operator: string, upstream: readonly (Tensor | undefined)[]): Tensor {
  if (upstream.slice(1).some(Boolean)) throw new Error(`${operator}: its gradient cannot be differentiated again`);
  return upstream[0]!;
}

/** The mean over the last axis of g · weight, as one matrix-vector product: [..., 1]. */
function weightedMean(g: Tensor, weight: Tensor): Tensor {
  const [width] = weight.shape as [number];
  const means = matmul(reshape(g, [-1, width]), reshape(weight, [width, 1]), { scale: 1 / width });
  return reshape(means, [...g.shape.slice(0, -1), 1]);
}

/** (x − mean) / √(variance + ε) · weight + bias (Ba et al. 2016); weight and bias are [width]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  expectScale("layerNorm", x, weight, bias);
  if (x.dtype === "f16") {
    const [x32, weight32, bias32] = [x, weight, bias].map((half) => cast(half, "f32"));
    return cast(layerNorm(x32!, weight32!, bias32!, epsilon), "f16");
  }
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
      const along = mul(dy, normal);
      return [
        () => {
          const offset = add(mul(normal, weightedMean(along, weight)), weightedMean(dy, weight));
          return mul(sub(mul(dy, weight), offset), inverse!);
        },
        () => sumTo(along, weight.shape),
        () => sumTo(dy, bias.shape),
      ];
    },
  });
  return y!;
}

/** x / √(mean x² + ε) · weight (Zhang & Sennrich 2019). Gemma stores weight − 1: pass add(1, weight). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-6): Tensor {
  expectScale("rmsNorm", x, weight);
  if (x.dtype === "f16") return cast(rmsNorm(cast(x, "f32"), cast(weight, "f32"), epsilon), "f16");
  const statistics = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  const [y] = multiple({
    operator: "rmsNorm",
    inputs: [x, weight],
    types: [x, statistics],
    emit: (graph, [a, scale]) => {
      const axes = { attributes: { axes: { ints: [-1] }, keepdims: { int: 1 } } };
      // ONNX Runtime fuses exactly these operators into one, if no gradient needs the root.
      const [square] = graph.node("Pow", [a!, graph.constant(scalar(2, x.dtype))]);
      const [average] = graph.node("ReduceMean", [square!], axes);
      const shift = graph.constant(scalar(epsilon, x.dtype));
      const [root] = graph.node("Sqrt", graph.node("Add", [average!, shift]));
      const [normal] = graph.node("Div", [a!, root!]);
      return [...graph.node("Mul", [normal!, scale!]), root!];
    },
    gradient: (upstream, [, root]) => {
      const dy = once("rmsNorm", upstream);
      const normal = div(x, root!);
      const along = mul(dy, normal);
      return [
        () => div(sub(mul(dy, weight), mul(normal, weightedMean(along, weight))), root!),
        () => sumTo(along, weight.shape),
      ];
    },
  });
  return y!;
}
