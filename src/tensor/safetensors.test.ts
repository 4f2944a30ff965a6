import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float16ToFloat32 } from "../system/float16.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";
import { type DType, elements, type TensorValue, value, zerosData } from "./types.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

/** A file with this header text (padded or not) and this many zeros behind it. */
function fileBytes(header: string, bodyBytes: number, claimed = Buffer.byteLength(header)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(claimed));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(bodyBytes)]);
}

async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(at(name), bytes);
  return at(name);
}

const golden = join(import.meta.dirname, "../../test/golden/safetensors/reference.safetensors");

describe("a file from Python", () => {
  test("every element type, one by one", async () => {
    const file = await openSafetensors(golden);
    expect(Object.fromEntries(file.metadata)).toEqual({ format: "pt", note: "written by hand" });
    expect([...file.names].sort()).toEqual(
      ["12", "brain", "empty", "encoder.weight", "größe", "half", "ids", "mask", "pixels", "steps"].sort(),
    );
    expect(await file.read("steps")).toEqual(value(BigInt64Array.of(2n ** 60n + 1n), []));
    expect(await file.read("ids")).toEqual(value(BigInt64Array.of(-1n, 0n, 2n ** 40n)));
    expect(await file.read("encoder.weight")).toEqual(value(Float32Array.of(0, -1.5, 3.25, 1e-38, 3e38, -0), [2, 3]));
    expect(await file.read("größe")).toEqual(value(Float32Array.of(0.5)));
    expect(await file.read("12")).toEqual(value(Int32Array.of(-(2 ** 31), 2 ** 31 - 1), [2, 1]));
    const half = await file.read("half");
    expect(half.dtype).toBe("f16");
    expect([...float16ToFloat32(half.data as Uint16Array)]).toEqual([1, -2, 65504, 2 ** -24]);
    expect(file.type("brain")).toEqual({ dtype: "f32", shape: [3] });
    expect(await file.read("brain")).toEqual(value(Float32Array.of(1, -2, 3.3895313892515355e38)));
    expect(await file.read("pixels")).toEqual(value(Uint8Array.of(0, 1, 254, 255), [2, 2]));
    expect(await file.read("mask")).toEqual(value(Uint8Array.of(1, 0, 1), [3], "bool"));
    expect(await file.read("empty")).toEqual(value(new Float32Array(0), [0, 4]));
    await file.close();
  });

  test("a name that is not there", async () => {
    const file = await openSafetensors(golden);
    await expect(file.read("weight")).rejects.toThrow(
      /reference\.safetensors: expected a tensor "weight", got .*brain/,
    );
    await file.close();
  });
});

test("writes the reference implementation's bytes: widest type first, then by name, header padded to 8", async () => {
  const path = at("written.safetensors");
  const values: [string, TensorValue][] = [
    ["mask", value(Uint8Array.of(1, 0), [2], "bool")],
    ["b", value(Float32Array.of(1), [])],
    ["a", value(Float32Array.of(-2, 0.5))],
    ["7", value(BigInt64Array.of(258n))],
    ["h", value(Uint16Array.of(0x3c00))],
  ];
  await writeSafetensors(path, values, { format: "pt" });
  const header =
    '{"__metadata__":{"format":"pt"},"7":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
    '"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"b":{"dtype":"F32","shape":[],"data_offsets":[16,20]},' +
    '"h":{"dtype":"F16","shape":[1],"data_offsets":[20,22]},"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[22,24]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  const body = "0201000000000000 000000c0 0000003f 0000803f 003c 0100".replaceAll(" ", "");
  const expected = Buffer.concat([fileBytes(padded, 0), Buffer.from(body, "hex")]);
  expect((await readFile(path)).equals(expected)).toBe(true);
  // The order in which the tensors were given does not matter.
  await writeSafetensors(path, [...values].reverse(), { format: "pt" });
  expect((await readFile(path)).equals(expected)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("nothing at all", async () => {
  await writeSafetensors(at("nothing.safetensors"), []);
  expect(await readFile(at("nothing.safetensors"), "latin1")).toBe("\b\0\0\0\0\0\0\0{}      ");
  expect(await readSafetensors(at("nothing.safetensors"))).toEqual(new Map());
});

test("a write that fails leaves the old file and no other", async () => {
  const path = at("kept.safetensors");
  await writeSafetensors(path, [["a", value(Float32Array.of(1))]]);
  const wrong: TensorValue = { dtype: "f32", shape: [3], data: new Float32Array(2) };
  await expect(writeSafetensors(path, [["a", wrong]])).rejects.toThrow(
    /kept\.safetensors: tensor "a": expected Float32Array\(3\) for f32 \[3\], got Float32Array\(2\)/,
  );
  const one = value(Float32Array.of(2));
  await expect(
    writeSafetensors(path, [
      ["a", one],
      ["a", one],
    ]),
  ).rejects.toThrow(/two tensors are named "a"/);
  await expect(writeSafetensors(path, [["__metadata__", one]])).rejects.toThrow(/no tensor can be named/);
  expect(await readSafetensors(path)).toEqual(new Map([["a", value(Float32Array.of(1))]]));
  await expect(writeSafetensors(join(folder, "none", "a.safetensors"), [["a", one]])).rejects.toThrow(/ENOENT/);
  expect((await readdir(folder)).filter((name) => name.includes("tmp"))).toEqual([]);
});

const dtypes: readonly DType[] = ["f32", "f16", "i64", "i32", "bool", "u8"];
const anyValue: fc.Arbitrary<TensorValue> = fc
  .record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.nat(4), { maxLength: 4 }), seed: fc.nat() })
  .map(({ dtype, shape, seed }) => {
    const data = zerosData(dtype, elements(shape));
    const bytes = new Uint8Array(data.buffer);
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = dtype === "bool" ? (seed >> (i % 8)) & 1 : (seed * (i + 1)) & 0x7f;
    return { dtype, shape, data };
  });
const anyName = fc.string({ unit: "grapheme", minLength: 0, maxLength: 12 }).filter((name) => name !== "__metadata__");
const anyFile = fc.record({
  values: fc.uniqueArray(fc.tuple(anyName, anyValue), { selector: ([name]) => name, maxLength: 6 }),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
});

test("what is written is read back", async () => {
  await fc.assert(
    fc.asyncProperty(anyFile, async ({ values, metadata }) => {
      const path = at("round.safetensors");
      await writeSafetensors(path, values, metadata);
      const file = await openSafetensors(path);
      expect(new Map(file.metadata)).toEqual(new Map(Object.entries(metadata)));
      await file.close();
      expect(await readSafetensors(path)).toEqual(new Map(values));
    }),
    { numRuns: 60 },
  );
});

test("a key that JavaScript's objects treat apart is kept, of a tensor and of the metadata", async () => {
  const path = at("proto.safetensors");
  await writeSafetensors(path, [["__proto__", value(Float32Array.of(1))]], { ["__proto__"]: "text" });
  const file = await openSafetensors(path);
  expect([...file.metadata]).toEqual([["__proto__", "text"]]);
  expect(await file.read("__proto__")).toEqual(value(Float32Array.of(1)));
  await file.close();
});

const entry = (dtype: string, shape: readonly number[], offsets: readonly number[]) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("a wrong file gets an error that says what is wrong where", () => {
  const wrong: readonly (readonly [string, Buffer, RegExp])[] = [
    ["empty file", Buffer.alloc(0), /expected at least 8 bytes, got 0/],
    ["five bytes", Buffer.alloc(5), /expected at least 8 bytes, got 5/],
    ["huge header", fileBytes("{}", 0, 2 ** 40), /claims 1099511627776 bytes, more than 100000000/],
    ["header beyond the end", fileBytes("{}", 0, 50), /claims 50 bytes, but only 2 follow/],
    ["no header", fileBytes("", 8), /expected a JSON object as header, got ""/],
    ["bad JSON", fileBytes("{'a': 1}", 0), /expected a JSON object as header, got "\{'a': 1\}"/],
    ["an array", fileBytes("[]", 0), /expected a JSON object as header/],
    ["not UTF-8", Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /not UTF-8/],
    ["not an entry", fileBytes('{"a":3}', 0), /tensor "a": expected an object, got 3/],
    ["no shape", fileBytes('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), /tensor "a": .*shape/],
    ["negative size", fileBytes(`{"a":${entry("F32", [-1], [0, 4])}}`, 4), /tensor "a": .*shape\[0\]/],
    ["fractional offset", fileBytes(`{"a":${entry("F32", [1], [0, 4.5])}}`, 4), /tensor "a": .*data_offsets\[1\]/],
    [
      "unknown type",
      fileBytes(`{"a":${entry("F31", [1], [0, 4])}}`, 4),
      /tensor "a": expected one of .*F32.*, got F31/,
    ],
    ["type of an object's ancestry", fileBytes(`{"a":${entry("constructor", [1], [0, 4])}}`, 4), /got constructor/],
    [
      "size is not the shape's",
      fileBytes(`{"a":${entry("F32", [2], [0, 4])}}`, 4),
      /F32 \[2\] takes 8 bytes, but its offsets 0 to 4 hold 4/,
    ],
    ["backwards", fileBytes(`{"a":${entry("F32", [1], [4, 0])}}`, 4), /takes 4 bytes, but its offsets 4 to 0 hold -4/],
    [
      "truncated",
      fileBytes(`{"a":${entry("F32", [2], [0, 8])}}`, 5),
      /tensor "a": its bytes end at \d+, but the file has \d+; it is truncated/,
    ],
    [
      "overlap",
      fileBytes(`{"a":${entry("F32", [2], [0, 8])},"b":${entry("F32", [1], [4, 8])}}`, 8),
      /tensor "b" starts at byte \d+, .* overlap/,
    ],
    [
      "gap",
      fileBytes(`{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [2, 3])}}`, 3),
      /tensor "b" .* leave a gap/,
    ],
    [
      "bytes left over",
      fileBytes(`{"a":${entry("U8", [1], [0, 1])}}`, 9),
      /the tensors end at byte \d+, but the file has/,
    ],
    [
      "duplicate",
      fileBytes(
        `{"a":${entry("U8", [0], [0, 0])},"b":${entry("U8", [1], [0, 1])},"\\u0061" :${entry("U8", [0], [0, 0])}}`,
        1,
      ),
      /names tensor "a" twice/,
    ],
    [
      "metadata that is no text",
      fileBytes('{"__metadata__":{"steps":3}}', 0),
      /__metadata__: expected text for each key/,
    ],
    ["shape beyond every number", fileBytes(`{"a":${entry("F32", [2 ** 50, 2 ** 50], [0, 4])}}`, 4), /takes .* bytes/],
  ];
  test.each(wrong)("%s", async (name, bytes, message) => {
    const path = await put(`${name.replaceAll(" ", "-")}.safetensors`, bytes);
    await expect(openSafetensors(path)).rejects.toThrow(message);
    await expect(readSafetensors(path)).rejects.toThrow(path);
  });

  test("a type that pistar has not is told when that tensor is read", async () => {
    const header = `{"a":${entry("F64", [1], [0, 8])},"b":${entry("U8", [1], [8, 9])}}`;
    const file = await openSafetensors(await put("double.safetensors", fileBytes(header, 9)));
    await expect(file.read("a")).rejects.toThrow(/tensor "a": expected one of F32, F16.*, got F64/);
    expect(await file.read("b")).toEqual(value(Uint8Array.of(0)));
    await file.close();
  });

  test("a file that shrinks while it is open", async () => {
    const path = at("shrinks.safetensors");
    await writeSafetensors(path, [["a", value(new Float32Array(1000))]]);
    const file = await openSafetensors(path);
    await truncate(path, 2000);
    await expect(file.read("a")).rejects.toThrow(/tensor "a": expected 4000 bytes at \d+, the file ends after \d+/);
    await file.close();
  });
});

test("mutated and truncated files give an Error or tensors, never anything else", async () => {
  const original = await readFile(golden);
  const mutation = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 4 }), fc.nat(original.length), async (mutations, cut) => {
      const bytes = Buffer.from(original.subarray(0, mutations.length === 0 ? cut : original.length));
      for (const [i, byte] of mutations) bytes[i] = byte;
      const path = await put("mutated.safetensors", bytes);
      try {
        for (const [, { shape, data }] of await readSafetensors(path)) expect(data.length).toBe(elements(shape));
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message).toContain(path);
      }
    }),
    { numRuns: 400, seed: 7 },
  );
  expect(refused).toBeGreaterThan(100);
});

describe("sharded models", () => {
  const index = (weightMap: Readonly<Record<string, string>>) =>
    JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap });

  test("are read through their index", async () => {
    await writeSafetensors(at("model-1-of-2.safetensors"), [["a", value(Float32Array.of(1))]], { format: "pt" });
    await writeSafetensors(at("model-2-of-2.safetensors"), [["b", value(Int32Array.of(2))]], { format: "pt" });
    const map = { b: "model-2-of-2.safetensors", a: "model-1-of-2.safetensors" };
    const path = await put("model.safetensors.index.json", index(map));
    const file = await openSafetensors(path);
    expect(file.names).toEqual(["b", "a"]);
    expect(Object.fromEntries(file.metadata)).toEqual({ format: "pt", total_size: "8" });
    expect(file.type("b")).toEqual({ dtype: "i32", shape: [1] });
    expect(await file.read("a")).toEqual(value(Float32Array.of(1)));
    await expect(file.read("c")).rejects.toThrow(/index\.json: expected a tensor "c", got b, a/);
    await file.close();
    expect((await readSafetensors(path)).get("b")).toEqual(value(Int32Array.of(2)));
  });

  test.each([
    [
      "a shard without the tensor",
      index({ z: "model-1-of-2.safetensors" }),
      /places tensor "z" in model-1-of-2\.saf.*none/,
    ],
    ["a missing shard", index({ a: "model-9.safetensors" }), /ENOENT.*model-9/],
    ["a shard elsewhere", index({ a: "../model.safetensors" }), /expected files beside the index, got "\.\.\/model/],
    ["no map", '{"metadata":{}}', /weight_map/],
    ["bad JSON", "{", /expected JSON, got/],
  ])("%s", async (_, text, message) => {
    await expect(openSafetensors(await put("wrong.safetensors.index.json", text))).rejects.toThrow(message);
  });
});

test("one tensor at the end of a file beyond 4 GiB", async () => {
  const large = 5 * 2 ** 30;
  const header = `{"large":${entry("F32", [large / 4], [0, large])},"last":${entry("F32", [2], [large, large + 8])}}`;
  const path = await put("large.safetensors", fileBytes(header, 0));
  const start = 8 + header.length + large;
  await truncate(path, start + 8); // sparse: takes no room on the disk
  const handle = await open(path, "r+");
  await handle.write(new Uint8Array(Float32Array.of(1.5, -2.5).buffer), 0, 8, start);
  await handle.close();
  const file = await openSafetensors(path);
  expect(await file.read("last")).toEqual(value(Float32Array.of(1.5, -2.5)));
  await file.close();
});
