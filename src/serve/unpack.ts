// Reads msgpack as openpi's `msgpack_numpy.unpackb`, from peers that may lie. Every length is checked before any memory
// is reserved.
import { fromBytes } from "./ndarray.ts";
import type { Value } from "./pack.ts";

/** Lists and dicts inside each other. */
const maxDepth = 32;
/** Values in one message: an empty dict is one byte on the wire and fifty in memory. Arrays count as one. */
const maxValues = 100_000;

/**
 * The value of one msgpack document. Dicts become objects without prototype. Arrays with bin keys become `NdArray`, and
 * share their data with `bytes` if elements are single bytes. numpy scalars become plain numbers, ints beyond 2⁵³
 * bigints. It fails, with the offset, on truncated or too deep documents, trailing bytes, and anything outside the
 * protocol: extension types, keys other than text, arrays out of C order.
 */
export function unpack(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.offset !== bytes.length)
    throw new RangeError(`Expected one msgpack document, got ${bytes.length - reader.offset} bytes after it`);
  return value;
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The dict of a numpy value. It alone has keys of bytes. */
type Keyed = Map<string, Value>;

class Reader {
  offset = 0;
  private values = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // not a Buffer: its views would be Buffers
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): Value {
    if (depth > maxDepth) throw this.wrong(`at most ${maxDepth} levels of lists and dicts`);
    if (++this.values > maxValues) throw this.wrong(`at most ${maxValues} values (send numbers as arrays)`);
    const tag = this.view.getUint8(this.claim(1));
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.dict(tag & 0x0f, depth);
    if (tag < 0xa0) return this.list(tag & 0x0f, depth);
    if (tag < 0xc0) return this.text(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.raw(this.length(tag - 0xc4));
      case 0xca:
        return this.view.getFloat32(this.claim(4));
      case 0xcb:
        return this.view.getFloat64(this.claim(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.length(tag - 0xcc);
      case 0xcf:
        return small(this.view.getBigUint64(this.claim(8)));
      case 0xd0:
        return this.view.getInt8(this.claim(1));
      case 0xd1:
        return this.view.getInt16(this.claim(2));
      case 0xd2:
        return this.view.getInt32(this.claim(4));
      case 0xd3:
        return small(this.view.getBigInt64(this.claim(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.length(tag - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.list(this.length(tag - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.dict(this.length(tag - 0xdd), depth);
      default:
        throw this.wrong(`a msgpack type without extensions, got 0x${tag.toString(16)}`);
    }
  }

  private wrong(expected: string): RangeError {
    return new RangeError(`Expected ${expected} at byte ${this.offset} of ${this.bytes.length}`);
  }

  /** Steps over `size` bytes and returns their beginning. */
  private claim(size: number): number {
    const start = this.offset;
    if (size > this.bytes.length - start)
      throw this.wrong(`${size} more bytes (the message is cut off or its lengths are wrong)`);
    this.offset += size;
    return start;
  }

  /** A big-endian unsigned number of 1, 2 or 4 bytes. */
  private length(log2: number): number {
    const at = this.claim(1 << log2);
    return log2 === 0 ? this.view.getUint8(at) : log2 === 1 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private raw(size: number): Uint8Array {
    const at = this.claim(size);
    return this.bytes.subarray(at, at + size);
  }

  private text(size: number): string {
    const raw = this.raw(size);
    try {
      return text.decode(raw);
    } catch {
      throw this.wrong("text in UTF-8");
    }
  }

  private list(count: number, depth: number): Value[] {
    if (count > this.bytes.length - this.offset) throw this.wrong(`${count} entries (the message is cut off)`);
    const list: Value[] = [];
    for (let i = 0; i < count; i++) list.push(this.value(depth + 1));
    return list;
  }

  private dict(count: number, depth: number): Value {
    if (2 * count > this.bytes.length - this.offset) throw this.wrong(`${count} pairs (the message is cut off)`);
    const named: Record<string, Value> = Object.create(null);
    let marked: Keyed | undefined;
    for (let i = 0; i < count; i++) {
      const name = this.value(depth + 1);
      if (typeof name === "string" && !marked) named[name] = this.value(depth + 1);
      else if (name instanceof Uint8Array && (marked || i === 0)) {
        marked ??= new Map();
        marked.set(latin1(name), this.value(depth + 1));
      } else throw this.wrong("keys that are text (or, for an array, all bytes)");
    }
    return marked ? this.numpy(marked) : named;
  }

  /** An array or scalar of `msgpack_numpy.pack_array`. */
  private numpy(entries: Keyed): Value {
    const kind = entries.has("__ndarray__") ? "__ndarray__" : "__npgeneric__";
    const known = kind === "__ndarray__" ? [kind, "data", "dtype", "shape"] : [kind, "data", "dtype"];
    for (const name of entries.keys())
      if (!known.includes(name))
        throw this.wrong(
          /order/i.test(name)
            ? `arrays in C order, got "${name}": send numpy.ascontiguousarray(array)`
            : `keys ${known.join(", ")} in the dict of a numpy value, got ${JSON.stringify(name.slice(0, 40))}`,
        );
    const [data, dtype, shape] = ["data", "dtype", "shape"].map((name) => entries.get(name));
    if (entries.get(kind) !== true || typeof dtype !== "string") throw this.wrong(`${kind}: true and a dtype as text`);
    if (kind === "__npgeneric__") {
      if (typeof data === "number" || typeof data === "boolean" || typeof data === "bigint") return data;
      throw this.wrong("a number as a numpy scalar's data");
    }
    if (!(data instanceof Uint8Array)) throw this.wrong("an array's data as bytes");
    if (!Array.isArray(shape) || shape.length > 32 || !shape.every((side) => typeof side === "number"))
      throw this.wrong("an array's shape as a list of at most 32 numbers");
    try {
      return fromBytes(dtype, shape, data);
    } catch (error) {
      throw new RangeError(`${(error as Error).message} (array that ends at byte ${this.offset})`);
    }
  }
}

const small = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
