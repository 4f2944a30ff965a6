// The dtypes of an operator, checked at building. ONNX Runtime would refuse only the whole graph.
import type { Tensor } from "../expression.ts";
import { type DType, formatType } from "../types.ts";

function expectation(...dtypes: readonly DType[]) {
  return (operator: string, x: Tensor): void => {
    if (dtypes.includes(x.dtype)) return;
    throw new TypeError(`${operator}: expected ${dtypes.join(" or ")}, got ${formatType(x)}; cast it`);
  };
}

export const expectFloat = expectation("f32", "f16");
export const expectBool = expectation("bool");
export const expectIndices = expectation("i32", "i64");
export const expectSigned = expectation("f32", "f16", "i64", "i32");
export const expectNumbers = expectation("f32", "f16", "i64", "i32", "u8");
