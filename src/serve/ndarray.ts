// numpy arrays in messages: a typed array for each dtype, and the bytes of numpy's `tobytes` (C order).
import { float16ToFloat32, float32ToFloat16 } from "../system/index.ts";

type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface ElementType {
  /** `numpy.dtype.str` without the byte order. */
  readonly code: string;
  /** Bytes of one element. */
  readonly size: number;
  readonly array: new (buffer: ArrayBuffer) => Numbers;
}

const types = {
  bool: { code: "b1", size: 1, array: Uint8Array },
  uint8: { code: "u1", size: 1, array: Uint8Array },
  int8: { code: "i1", size: 1, array: Int8Array },
  uint16: { code: "u2", size: 2, array: Uint16Array },
  int16: { code: "i2", size: 2, array: Int16Array },
  uint32: { code: "u4", size: 4, array: Uint32Array },
  int32: { code: "i4", size: 4, array: Int32Array },
  uint64: { code: "u8", size: 8, array: BigUint64Array },
  int64: { code: "i8", size: 8, array: BigInt64Array },
  float16: { code: "f2", size: 2, array: Uint16Array },
  float32: { code: "f4", size: 4, array: Float32Array },
  float64: { code: "f8", size: 8, array: Float64Array },
} satisfies Record<string, ElementType>;

/** numpy's names. Booleans are bytes 0 and 1. Half floats are widened to single, exactly. */
export type NumpyDType = keyof typeof types;

const byCode = new Map(Object.entries(types).map(([name, { code }]) => [code, name as NumpyDType]));

/** An n-dimensional array, row-major; `shape` [] is a single number. */
export class NdArray {
  readonly dtype: NumpyDType;
  readonly shape: readonly number[];
  readonly data: Numbers;

  /** Fails if `data` is not the dtype's typed array or does not fill the shape. */
  constructor(dtype: NumpyDType, shape: readonly number[], data: Numbers) {
    const Expected = dtype === "float16" ? Float32Array : types[dtype].array;
    if (!(data instanceof Expected))
      throw new TypeError(`Expected ${Expected.name} for an array of ${dtype}, got ${data.constructor.name}`);
    if (data.length !== elements(shape))
      throw new RangeError(`Expected ${elements(shape)} numbers for shape [${shape}], got ${data.length}`);
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** `numpy.dtype.str`, such as "<f4" and "|u1". */
export function typeString(dtype: NumpyDType): string {
  const { code, size } = types[dtype];
  return `${size === 1 ? "|" : "<"}${code}`;
}

/** `numpy.ndarray.tobytes()`; a view of the array's memory if possible. */
export function toBytes({ dtype, data }: NdArray): Uint8Array {
  const numbers = dtype === "float16" ? float32ToFloat16(data as Float32Array) : data;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** The dtype of a `numpy.dtype.str`, and whether its bytes are in the opposite order to ours. */
function parseTypeString(text: string): { dtype: NumpyDType; swapped: boolean } {
  const dtype = byCode.get(text.slice(1));
  if (!dtype || !(types[dtype].size === 1 ? "|<>=" : "<>=").includes(text[0]!))
    throw new TypeError(
      `Expected the dtype of an array to be one of ${[...byCode.values()].map(typeString).join(" ")}, got ${JSON.stringify(text.slice(0, 40))}`,
    );
  return { dtype, swapped: text[0] === ">" && types[dtype].size > 1 };
}

/**
 * The array of `numpy.ndarray(shape, numpy.dtype(typeString), bytes)`. Bytes of one-byte types are shared, others
 * copied, so `bytes` may begin at any address. Fails if the sizes do not agree.
 */
export function fromBytes(typeString: string, shape: readonly number[], bytes: Uint8Array): NdArray {
  const { dtype, swapped } = parseTypeString(typeString);
  const { size, array } = types[dtype];
  for (const side of shape)
    if (!Number.isSafeInteger(side) || side < 0 || side > 0x7fffffff)
      throw new RangeError(`Expected the sides of an array to be whole numbers below 2³¹, got ${side}`);
  if (bytes.byteLength !== elements(shape) * size)
    throw new RangeError(
      `Expected ${elements(shape) * size} bytes for an array of ${dtype} and shape [${shape}], got ${bytes.byteLength}`,
    );
  if (size === 1) {
    const Bytes = array as unknown as new (buffer: ArrayBufferLike, offset: number, length: number) => Numbers;
    return new NdArray(dtype, shape, new Bytes(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  const copy = Uint8Array.from(bytes);
  if (swapped) for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  const numbers = new array(copy.buffer);
  return new NdArray(dtype, shape, dtype === "float16" ? float16ToFloat32(numbers as Uint16Array) : numbers);
}
