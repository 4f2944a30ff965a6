// Element types and shapes. Shapes are static: every expression knows its sizes at building.

/** Element types: floats of 32 and 16 bits, integers of 64 and 32 bits, booleans, bytes. */
export type DType = "f32" | "f16" | "i64" | "i32" | "bool" | "u8";
/** Sizes of the axes; [] is a scalar. */
export type Shape = readonly number[];

/** Element type and shape. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** JavaScript's array for each dtype. f16 is its 16 bits, bool is 0 or 1. */
interface Arrays {
  f32: Float32Array;
  f16: Uint16Array;
  i64: BigInt64Array;
  i32: Int32Array;
  bool: Uint8Array;
  u8: Uint8Array;
}
/** The array of a tensor's numbers, row-major. */
export type TensorData = Arrays[DType];

/** Numbers outside any graph: a program's feed or output, or a tensor of a file. */
export interface TensorValue extends TensorType {
  readonly data: TensorData;
}

const constructors = {
  f32: Float32Array,
  f16: Uint16Array,
  i64: BigInt64Array,
  i32: Int32Array,
  bool: Uint8Array,
  u8: Uint8Array,
} as const;

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT;

export const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f16";

/** Number of elements. A scalar, [], has one. */
export function elements(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;
export const formatType = ({ dtype, shape }: TensorType): string => `${dtype} ${formatShape(shape)}`;
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** An array of zeros for `dtype`. */
export const zerosData = (dtype: DType, length: number): TensorData => new constructors[dtype](length);

/** Whether `data` is of the array class for `dtype`. */
export const holds = (dtype: DType, data: unknown): data is TensorData => data instanceof constructors[dtype];

/** The class of anything, for error messages. */
export const className = (thing: unknown): string => (Object(thing) as object).constructor.name;

/** Names for error messages: the first dozen of many. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  return names.length <= 12 ? names.join(", ") : `${names.slice(0, 12).join(", ")} and ${names.length - 12} more`;
}

/** The name of the array class for `dtype`, for error messages. */
export const arrayName = (dtype: DType): string => constructors[dtype].name;

/**
 * A value from an array. `shape` defaults to one dimension. `dtype` defaults to that of the array's class (Uint8Array:
 * u8, Uint16Array: f16).
 * @throws TypeError if the array's length is not the product of the shape, or its class does not hold `dtype`
 */
export function value(data: TensorData, shape: Shape = [data.length], dtype: DType = dtypeOf(data)): TensorValue {
  if (!holds(dtype, data))
    throw new TypeError(`value: expected ${arrayName(dtype)} for ${dtype}, got ${className(data)}`);
  if (elements(shape) !== data.length)
    throw new TypeError(
      `value: expected ${elements(shape)} elements for shape ${formatShape(shape)}, got ${data.length}`,
    );
  return { dtype, shape: [...shape], data };
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof BigInt64Array) return "i64";
  if (data instanceof Uint16Array) return "f16";
  if (data instanceof Uint8Array) return "u8";
  throw new TypeError(
    `value: expected a Float32Array, Int32Array, BigInt64Array, Uint16Array or Uint8Array, got ${typeof data}`,
  );
}
