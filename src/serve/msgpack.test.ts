import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { NdArray, type NumpyDType } from "./ndarray.ts";
import { pack, type Value } from "./pack.ts";
import { unpack } from "./unpack.ts";

interface Case {
  readonly name: string;
  readonly value: unknown;
  readonly bytes?: string;
  readonly sha256?: string;
  readonly length?: number;
}
const golden: { both: Case[]; decoded: Case[] } = JSON.parse(
  readFileSync(new URL("../../test/golden/msgpack/cases.json", import.meta.url), "utf8"),
);

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Python's `float.hex`, "inf" and "nan" included. */
function parseFloatHex(text: string): number {
  const match = text.match(/^(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)$/);
  if (!match) return Number(text.replace("inf", "Infinity"));
  const [, sign, whole, fraction, exponent] = match as unknown as [string, string, string, string, string];
  return (
    (sign ? -1 : 1) * (Number(whole) + Number.parseInt(fraction, 16) / 16 ** fraction.length) * 2 ** Number(exponent)
  );
}

const integer = (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));

/** The value that a golden case describes. */
function revive(value: unknown): Value {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value as Value;
  const { $, ...rest } = value as Record<string, unknown>;
  if ($ === undefined) return Object.fromEntries(Object.entries(rest).map(([name, entry]) => [name, revive(entry)]));
  if ($ === "int") return integer(rest.value as string);
  if ($ === "float") return Number((rest.value as string).replace("inf", "Infinity"));
  if ($ === "array") {
    const { dtype, shape, data } = rest as { dtype: NumpyDType; shape: number[]; data: string[] };
    const numbers = dtype.endsWith("int64") ? data.map(BigInt) : data.map(parseFloatHex);
    return new NdArray(dtype, shape, (arrays[dtype] as { from(numbers: unknown[]): Uint8Array }).from(numbers));
  }
  const { kind, length } = rest as { kind: string; length: number };
  const indices = Array.from({ length }, (_, i) => i);
  if (kind === "text") return `é${"x".repeat(length - 2)}`;
  if (kind === "bytes") return Uint8Array.from(indices, (i) => i % 251);
  if (kind === "list") return indices.map((i) => i % 7);
  return Object.fromEntries(indices.map((i) => [`k${i}`, i]));
}

/** The same bytes at an odd address. */
function unaligned(bytes: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  return shifted;
}

test.each(golden.both)(
  "$name is packed to Python's bytes, and unpacked from them",
  ({ value, bytes, sha256, length }) => {
    const revived = revive(value);
    const packed = pack(revived);
    if (bytes !== undefined) expect(Buffer.from(packed).toString("base64")).toBe(bytes);
    else expect([packed.length, createHash("sha256").update(packed).digest("hex")]).toEqual([length, sha256]);
    expect(unpack(packed)).toEqual(revived);
    expect(unpack(unaligned(packed))).toEqual(revived);
  },
);

test.each(golden.decoded)("$name is unpacked from Python's bytes", ({ value, bytes }) => {
  expect(unpack(Buffer.from(bytes!, "base64"))).toEqual(revive(value));
});

test("every value survives packing and unpacking", () => {
  const array = fc.array(fc.nat({ max: 3 }), { maxLength: 4 }).chain((shape) =>
    fc
      .array(fc.float({ noNaN: true }), {
        minLength: shape.reduce((a, b) => a * b, 1),
        maxLength: shape.reduce((a, b) => a * b, 1),
      })
      .map((data) => new NdArray("float32", shape, Float32Array.from(data))),
  );
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.string({ unit: "grapheme" }),
      fc.uint8Array(),
      array,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value"), { noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (value) => {
      expect(unpack(pack(value))).toEqual(value);
    }),
  );
});

test("a key named __proto__ is a key like others", () => {
  const hostile = Buffer.concat([Buffer.of(0x81, 0xa9), Buffer.from("__proto__"), pack({ polluted: true })]);
  const value = unpack(hostile) as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(value.polluted).toBeUndefined();
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

const bin = (name: string) => Buffer.concat([Buffer.of(0xc4, name.length), Buffer.from(name)]);
function arrayDict(entries: Record<string, Value>): Uint8Array {
  return Buffer.concat([
    Buffer.of(0x80 | Object.keys(entries).length),
    ...Object.entries(entries).flatMap(([name, value]) => [bin(name), pack(value)]),
  ]);
}
const honest = { __ndarray__: true, data: Uint8Array.of(1, 2, 3, 4), dtype: "<f4", shape: [1] };

test.each([
  ["nothing", Buffer.of(), /1 more bytes/],
  ["two documents", Buffer.of(1, 2), /one msgpack document, got 1 bytes after it/],
  ["a cut-off number", Buffer.of(0xcb, 0, 0), /8 more bytes/],
  ["bytes that are not there", Buffer.of(0xc6, 0xff, 0xff, 0xff, 0xff), /4294967295 more bytes/],
  ["a list that is not there", Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff), /4294967295 entries/],
  ["a dict that is not there", Buffer.of(0xdf, 0xff, 0xff, 0xff, 0xff), /4294967295 pairs/],
  ["33 lists in each other", Buffer.concat([Buffer.alloc(33, 0x91), Buffer.of(0)]), /at most 32 levels/],
  [
    "100,000 empty dicts",
    Buffer.concat([Buffer.of(0xdd, 0, 1, 0x86, 0xa0), Buffer.alloc(100_000, 0x80)]),
    /at most 100000 values/,
  ],
  ["text that is not UTF-8", Buffer.of(0xa1, 0xff), /UTF-8/],
  ["a timestamp", Buffer.of(0xd6, 0xff, 0, 0, 0, 0), /without extensions, got 0xd6/],
  ["a number as key", Buffer.of(0x81, 1, 1), /keys that are text/],
  ["mixed keys", Buffer.concat([Buffer.of(0x82), bin("data"), pack(1), pack("x"), pack(1)]), /keys that are text/],
  ["bin keys of no array", arrayDict({ data: 1 }), /__npgeneric__: true/],
  ["an array without data", arrayDict({ __ndarray__: true, dtype: "<f4", shape: [] }), /data as bytes/],
  [
    "an array larger than its data",
    arrayDict({ ...honest, shape: [2] }),
    /8 bytes for an array of float32 and shape \[2\], got 4/,
  ],
  ["an array smaller than its data", arrayDict({ ...honest, shape: [0] }), /0 bytes/],
  ["an array of negative shape", arrayDict({ ...honest, shape: [-1, -1] }), /whole numbers below 2³¹, got -1/],
  ["an array of fractional shape", arrayDict({ ...honest, shape: [0.5, 2] }), /whole numbers/],
  ["an array of huge shape", arrayDict({ ...honest, shape: [2 ** 40, 0] }), /whole numbers/],
  ["an array of 33 dimensions", arrayDict({ ...honest, shape: new Array(33).fill(1) }), /at most 32 numbers/],
  ["an array of objects", arrayDict({ ...honest, dtype: "|O" }), /dtype of an array to be one of .*got "\|O"/],
  ["an array of complex numbers", arrayDict({ ...honest, dtype: "<c8" }), /got "<c8"/],
  ["an array in Fortran order", arrayDict({ ...honest, fortran_order: true }), /C order.*ascontiguousarray/],
])("%s is refused", (_, bytes, message) => {
  expect(() => unpack(bytes)).toThrow(message);
});

test("what the protocol cannot carry is refused, with its place", () => {
  expect(() => pack({ a: [1, undefined as unknown as Value] })).toThrow(/at "a" → 1, got undefined/);
  expect(() => pack(new Date() as unknown as Value)).toThrow(/at the top, got Date/);
  expect(() => pack(2n ** 64n)).toThrow(/64 bits/);
  expect(() => new NdArray("float32", [2], new Float64Array(2))).toThrow(/Expected Float32Array/);
  expect(() => new NdArray("float32", [2], new Float32Array(3))).toThrow(/2 numbers for shape \[2\], got 3/);
});

test("100,000 mutated messages are unpacked or refused", () => {
  const generator = random(60);
  const below = (limit: number) => (limit === 0 ? 0 : generator.integer(limit));
  const seeds = golden.both.flatMap(({ bytes }) => (bytes === undefined ? [] : [Buffer.from(bytes, "base64")]));
  const interesting = [
    0x00, 0x7f, 0x80, 0x81, 0x8f, 0x91, 0x9f, 0xa1, 0xc1, 0xc4, 0xc6, 0xca, 0xcf, 0xd4, 0xdb, 0xdd, 0xdf, 0xff,
  ];
  let refused = 0;
  for (let i = 0; i < 100_000; i++) {
    const seed = seeds[below(seeds.length)]!;
    const bytes = Buffer.from(seed);
    for (let n = below(4); n >= 0; n--)
      bytes[below(bytes.length)] = generator.uniform() < 0.5 ? interesting[below(interesting.length)]! : below(256);
    const other = seeds[below(seeds.length)]!;
    const kind = below(4);
    const mutated =
      kind === 0
        ? bytes.subarray(0, below(bytes.length))
        : kind === 1
          ? Buffer.concat([bytes.subarray(0, below(bytes.length)), other.subarray(below(other.length))])
          : bytes;
    try {
      const value = unpack(mutated);
      unpack(pack(value));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(10_000);
  expect(refused).toBeLessThan(95_000);
});
