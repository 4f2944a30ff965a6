import { toFloat16 } from "./float16.ts";
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
