// The header of a safetensors file: names, types and offsets of its tensors (https://huggingface.co/docs/safetensors).
// A file is 8 bytes of header length (little-endian), the header as JSON, and the tensors' bytes without gaps.
import { z } from "zod";
import { checked } from "../system/index.ts";
import { type DType, elements, formatShape, type Shape, type TensorValue } from "./types.ts";

/** Bytes before the header. */
export const prefixBytes = 8;
/** The reference implementation's limit for a header, bytes. */
const longestHeader = 100_000_000;

/** Bytes of one element, for every element type of the format. */
const bytesOf: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8, C64: 8 },
};

/** Our dtype for each readable element type of the file. bfloat16 is widened. */
export const dtypeOf: Readonly<Record<string, DType>> = {
  ...{ F32: "f32", F16: "f16", BF16: "f32", I64: "i64", I32: "i32", U8: "u8", BOOL: "bool" },
};

/** The file's element type for ours. The order is the reference implementation's for writing: widest first. */
const written: Readonly<Record<DType, string>> = {
  i64: "I64",
  f32: "F32",
  i32: "I32",
  f16: "F16",
  u8: "U8",
  bool: "BOOL",
};
const order = Object.keys(written);

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
/** One tensor of a file: `start` counts from the beginning of the file. */
export interface Entry {
  readonly type: string;
  readonly shape: Shape;
  readonly start: number;
  readonly bytes: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** The length of the header, from the file's first bytes. */
export function headerLength(file: string, prefix: Uint8Array, fileBytes: number): number {
  if (prefix.length < prefixBytes)
    throw new Error(`${file}: expected at least ${prefixBytes} bytes, got ${prefix.length}; not a safetensors file`);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > longestHeader)
    throw new Error(`${file}: the header claims ${length} bytes, more than ${longestHeader}; not a safetensors file`);
  if (prefixBytes + Number(length) > fileBytes)
    throw new Error(
      `${file}: the header claims ${length} bytes, but only ${fileBytes - prefixBytes} follow; the file is truncated`,
    );
  return Number(length);
}

/** Reads the header's JSON and checks that the tensors fill the rest of the file exactly. */
export function parseHeader(file: string, bytes: Uint8Array, fileBytes: number): Header {
  const text = decode(file, bytes);
  const json = parseObject(file, text);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new Error(`${file}: the header names tensor ${twice} twice`);
  const metadata = parseMetadata(file, json.__metadata__ ?? {});
  const dataStart = prefixBytes + bytes.length;
  const entries = new Map<string, Entry>();
  for (const [name, content] of Object.entries(json))
    if (name !== "__metadata__")
      entries.set(name, parseEntry(`${file}: tensor "${name}"`, content, dataStart, fileBytes));
  expectNoGaps(file, entries, dataStart, fileBytes);
  return { metadata, entries };
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${file}: the header is not UTF-8 text; not a safetensors file`);
  }
}

function parseObject(file: string, text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // reported below, in the same words
  }
  throw new Error(`${file}: expected a JSON object as header, got ${JSON.stringify(text.slice(0, 60))}`);
}

/** The first repeated key of the outermost object. JSON.parse would silently keep the last one. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(/[{}[\]]|"[^"\\]*(?:\\.[^"\\]*)*"\s*:?/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      if (seen.has(key)) return JSON.stringify(key);
      seen.add(key);
    }
  }
  return undefined;
}

/** Parsed by hand, because zod's records leave out a key called "__proto__". */
function parseMetadata(file: string, content: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const entries =
    typeof content === "object" && !Array.isArray(content) ? Object.entries(content as object) : undefined;
  if (entries === undefined)
    throw new Error(`${file}: __metadata__: expected an object, got ${JSON.stringify(content)}`);
  for (const [key, text] of entries) {
    if (typeof text !== "string")
      throw new Error(`${file}: __metadata__: expected text for each key, got ${JSON.stringify(text)} for "${key}"`);
    found.set(key, text);
  }
  return found;
}

function parseEntry(where: string, content: unknown, dataStart: number, fileBytes: number): Entry {
  const { dtype, shape, data_offsets: offsets } = checked(entrySchema, content, where);
  const [from, to] = offsets;
  const width = Object.hasOwn(bytesOf, dtype) ? bytesOf[dtype]! : undefined;
  if (width === undefined)
    throw new Error(`${where}: expected one of ${Object.keys(bytesOf).join(", ")}, got ${dtype}`);
  const bytes = elements(shape) * width;
  if (to - from !== bytes)
    throw new Error(
      `${where}: ${dtype} ${formatShape(shape)} takes ${bytes} bytes, but its offsets ${from} to ${to} hold ${to - from}`,
    );
  if (dataStart + to > fileBytes)
    throw new Error(`${where}: its bytes end at ${dataStart + to}, but the file has ${fileBytes}; it is truncated`);
  return { type: dtype, shape, start: dataStart + from, bytes };
}

/** The format allows neither gaps nor overlaps: no byte of a file goes unchecked. */
function expectNoGaps(file: string, entries: ReadonlyMap<string, Entry>, dataStart: number, fileBytes: number): void {
  let end = dataStart;
  const places = [...entries].sort(([, a], [, b]) => a.start - b.start || a.bytes - b.bytes);
  for (const [name, { start, bytes }] of places) {
    if (start !== end)
      throw new Error(
        `${file}: tensor "${name}" starts at byte ${start}, but the one before ends at ${end}; they ${start < end ? "overlap" : "leave a gap"}`,
      );
    end = start + bytes;
  }
  if (end !== fileBytes) throw new Error(`${file}: the tensors end at byte ${end}, but the file has ${fileBytes}`);
}

/** The bytes before the tensors, prefix and padding included, and the tensors in their order. */
export function formatHeader(
  values: ReadonlyMap<string, TensorValue>,
  metadata: Readonly<Record<string, string>>,
): { readonly bytes: Uint8Array; readonly sorted: readonly TensorValue[] } {
  const sorted = [...values].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) =>
      order.indexOf(x) - order.indexOf(y) || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  // Members are written one by one: a JavaScript object would put numeric names first.
  const members: string[] = [];
  if (Object.keys(metadata).length > 0) members.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const offsets = [end, end + data.byteLength];
    end += data.byteLength;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: written[dtype], shape, data_offsets: offsets })}`);
  }
  const json = Buffer.from(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8; // spaces up to a multiple of 8 keep the tensors aligned
  const bytes = Buffer.alloc(prefixBytes + length, " ");
  bytes.writeBigUInt64LE(BigInt(length));
  json.copy(bytes, prefixBytes);
  return { bytes, sorted: sorted.map(([, value]) => value) };
}
