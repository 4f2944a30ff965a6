import { toFloat16 } from "./float16.ts";
import type { GraphWriter } from "./onnx.ts";
import { type DType, elements, type Shape, type Value, zerosData } from "./types.ts";

/** `fill` in every element. */
export function filled(fill: number, shape: Shape, dtype: DType): Value {
  const data = zerosData(dtype, elements(shape));
  if (data instanceof BigInt64Array) data.fill(BigInt(fill));
  else data.fill(dtype === "f16" ? toFloat16(fill) : fill);
  return { dtype, shape: [...shape], data };
}

/** One number of any dtype. */
export const scalar = (x: number, dtype: DType): Value => filled(x, [], dtype);

/** Adds a tensor with `fill` in every element and returns its name; however large, it takes no room in the model. */
export const writeFilled = (graph: GraphWriter, fill: number, shape: Shape, dtype: DType): string =>
  graph.node("Expand", [graph.constant(scalar(fill, dtype)), graph.integers(shape)])[0]!;
