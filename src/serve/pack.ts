// msgpack as Python's `msgpack.packb(value, default=msgpack_numpy.pack_array)` writes it for openpi: the same bytes.
import { NdArray, toBytes, typeString } from "./ndarray.ts";

/** The protocol's values: JSON's, bytes, whole numbers beyond 2⁵³, and numpy arrays. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | NdArray
  | readonly Value[]
  | { readonly [key: string]: Value };

/** A dict with text keys: an observation, an answer, a server's metadata. */
export type Message = { readonly [key: string]: Value };

/** Whether a value is a dict, as every message of the protocol has to be. */
export function isDict(value: Value): value is Message {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NdArray) &&
    !(value instanceof Uint8Array)
  );
}

/**
 * One msgpack document. Whole numbers become ints as small as can be, others (and −0) float64; `Uint8Array` is bin; an `NdArray` becomes
 * openpi's dict with bin keys. Fails on `undefined`, functions and ints beyond 64 bits, with the path to it.
 */
export function pack(value: Value): Uint8Array {
  const writer = new Writer();
  write(writer, value, []);
  return writer.finish();
}

const utf8 = new TextEncoder();

/** Small pieces are copied into a growing buffer, large ones joined at the end. */
class Writer {
  private readonly pieces: Uint8Array[] = [];
  private buffer = Buffer.allocUnsafe(1024);
  private start = 0;
  private end = 0;

  /** Makes room for `size` bytes and returns their beginning. */
  private claim(size: number): number {
    if (this.end + size > this.buffer.length) {
      this.pieces.push(this.buffer.subarray(this.start, this.end));
      this.buffer = Buffer.allocUnsafe(Math.max(1024, size));
      this.start = this.end = 0;
    }
    this.end += size;
    return this.end - size;
  }

  byte(value: number): void {
    const at = this.claim(1); // may put another buffer in place
    this.buffer[at] = value;
  }

  /** A type byte and a big-endian unsigned number of `size` bytes. */
  tagged(tag: number, value: number, size: 1 | 2 | 4): void {
    this.byte(tag);
    const at = this.claim(size);
    this.buffer.writeUIntBE(value, at, size);
  }

  bigInt(tag: number, value: bigint): void {
    this.byte(tag);
    const at = this.claim(8);
    this.buffer.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  float64(value: number): void {
    this.byte(0xcb);
    const at = this.claim(8);
    this.buffer.writeDoubleBE(value, at);
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > 4096) {
      this.pieces.push(this.buffer.subarray(this.start, this.end), bytes);
      this.start = this.end;
    } else {
      const at = this.claim(bytes.length);
      this.buffer.set(bytes, at);
    }
  }

  finish(): Uint8Array {
    return Buffer.concat([...this.pieces, this.buffer.subarray(this.start, this.end)]);
  }
}

/** The shortest header of fix, 8, 16 and 32 bits; `tags[0]` is 0 for a kind without 8 bits. */
function header(
  writer: Writer,
  length: number,
  fix: number,
  fixLimit: number,
  tags: readonly [number, number, number],
) {
  if (length < fixLimit) writer.byte(fix | length);
  else if (tags[0] && length < 0x100) writer.tagged(tags[0], length, 1);
  else if (length < 0x10000) writer.tagged(tags[1], length, 2);
  else if (length < 0x100000000) writer.tagged(tags[2], length, 4);
  else throw new RangeError(`Expected fewer than 2³² bytes or entries, got ${length}`);
}

const writeBin = (writer: Writer, bytes: Uint8Array) => {
  header(writer, bytes.length, 0, 0, [0xc4, 0xc5, 0xc6]);
  writer.bytes(bytes);
};

function writeText(writer: Writer, text: string): void {
  const bytes = utf8.encode(text);
  header(writer, bytes.length, 0xa0, 32, [0xd9, 0xda, 0xdb]);
  writer.bytes(bytes);
}

function writeInt(writer: Writer, value: number): void {
  if (value >= 0) {
    if (value < 0x80) writer.byte(value);
    else if (value < 0x100) writer.tagged(0xcc, value, 1);
    else if (value < 0x10000) writer.tagged(0xcd, value, 2);
    else if (value < 0x100000000) writer.tagged(0xce, value, 4);
    else writer.bigInt(0xcf, BigInt(value));
  } else if (value >= -0x20) writer.byte(value & 0xff);
  else if (value >= -0x80) writer.tagged(0xd0, value + 0x100, 1);
  else if (value >= -0x8000) writer.tagged(0xd1, value + 0x10000, 2);
  else if (value >= -0x80000000) writer.tagged(0xd2, value + 0x100000000, 4);
  else writer.bigInt(0xd3, BigInt(value));
}

const key = (name: string) => utf8.encode(name);
const arrayKeys = { mark: key("__ndarray__"), data: key("data"), dtype: key("dtype"), shape: key("shape") };

function writeArray(writer: Writer, array: NdArray): void {
  header(writer, 4, 0x80, 16, [0, 0xde, 0xdf]);
  writeBin(writer, arrayKeys.mark);
  writer.byte(0xc3);
  writeBin(writer, arrayKeys.data);
  writeBin(writer, toBytes(array));
  writeBin(writer, arrayKeys.dtype);
  writeText(writer, typeString(array.dtype));
  writeBin(writer, arrayKeys.shape);
  header(writer, array.shape.length, 0x90, 16, [0, 0xdc, 0xdd]);
  for (const side of array.shape) writeInt(writer, side);
}

function write(writer: Writer, value: Value, path: readonly (string | number)[]): void {
  if (value === null) writer.byte(0xc0);
  else if (typeof value === "boolean") writer.byte(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInt(writer, value);
    else writer.float64(value);
  } else if (typeof value === "string") writeText(writer, value);
  else if (typeof value === "bigint") {
    if (value >= -(2n ** 53n) && value <= 2n ** 53n) writeInt(writer, Number(value));
    else if (value >= -(2n ** 63n) && value < 2n ** 64n) writer.bigInt(value < 0n ? 0xd3 : 0xcf, value);
    else throw new RangeError(`Expected an int of at most 64 bits at ${place(path)}, got ${value}`);
  } else if (value instanceof NdArray) writeArray(writer, value);
  else if (value instanceof Uint8Array) writeBin(writer, value);
  else if (Array.isArray(value)) {
    header(writer, value.length, 0x90, 16, [0, 0xdc, 0xdd]);
    for (const [i, entry] of (value as readonly Value[]).entries()) write(writer, entry, [...path, i]);
  } else if (isPlain(value)) {
    const entries = Object.entries(value);
    header(writer, entries.length, 0x80, 16, [0, 0xde, 0xdf]);
    for (const [name, entry] of entries) {
      writeText(writer, name);
      write(writer, entry, [...path, name]);
    }
  } else
    throw new TypeError(
      `Expected null, a boolean, number, text, bytes, an NdArray, a list or a plain object at ${place(path)}, got ${describe(value)}`,
    );
}

function isPlain(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const place = (path: readonly (string | number)[]) =>
  path.length === 0 ? "the top" : path.map((step) => JSON.stringify(step)).join(" → ");

const describe = (value: unknown) =>
  typeof value === "object" && value !== null ? value.constructor.name : typeof value;
