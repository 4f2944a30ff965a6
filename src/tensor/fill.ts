// Tensors filled with one number.
import { toFloat16 } from "../system/index.ts";
import type { GraphWriter } from "./onnx.ts";
import { type DType, elements, type Shape, type TensorValue, zerosData } from "./types.ts";

/**
 * A value with `fill` in every element.
 * @throws RangeError if an integer dtype cannot hold the number
 */
export function filled(fill: number, shape: Shape, dtype: DType): TensorValue {
  const range = ranges[dtype];
  if (range && !(Number.isInteger(fill) && fill >= range[0] && fill <= range[1]))
    throw new RangeError(
      `Expected a whole number from ${range[0]} to ${range[1]} for ${dtype}, got ${fill}; cast to f32`,
    );
  const data = zerosData(dtype, elements(shape));
  if (data instanceof BigInt64Array) data.fill(BigInt(fill));
  else data.fill(dtype === "f16" ? toFloat16(fill) : fill);
  return { dtype, shape: [...shape], data };
}

/** The range of each integer dtype within JavaScript's exact integers. */
const ranges: Partial<Record<DType, readonly [number, number]>> = {
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u8: [0, 255],
  bool: [0, 1],
};

/** One number of any dtype, shape []. */
export const scalar = (x: number, dtype: DType): TensorValue => filled(x, [], dtype);

/**
 * Adds a tensor of `shape` filled with the scalar `element`, and returns its name. It takes no room in the model,
 * whatever its size.
 */
export const writeFilled = (graph: GraphWriter, element: TensorValue, shape: Shape): string =>
  graph.node("Expand", [graph.constant(element), graph.integers(shape)])[0]!;
