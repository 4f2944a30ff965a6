// Columns of many small pages, read forwards in steps of any size, in jumps, and several at once.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ColumnMetaData, type FileMetaData, parquetSchema, type SchemaElement } from "hyparquet";
import { expect, test } from "vitest";
import { onlyLeaf, PageCursor } from "./parquet-cursor.ts";
import { openParquet, type ParquetFile } from "./parquet-file.ts";

const golden = join(import.meta.dirname, "../../test/golden/parquet");
const files = readdirSync(golden).filter((name) => name.endsWith(".parquet"));
const rows = 700;

/** What generate.py writes into row r. */
const expected: Readonly<Record<string, (r: number) => unknown>> = {
  flat: (r) => BigInt(r),
  sparse: (r) => (r % 3 === 0 ? null : r / 2),
  text: (r) => `row ${r % 5}`,
  vector: (r) => Array.from({ length: 7 }, (_, i) => Math.fround(r + i / 10)),
  ragged: (r) => new Array(r % 4).fill(r),
  matrix: (r) => [
    [r, 1],
    [2, r],
  ],
  picture: (r) => ({ bytes: Uint8Array.of(r % 256), path: `${r}.png` }),
};

async function using(name: string, task: (file: ParquetFile) => Promise<void>): Promise<void> {
  const file = await openParquet(join(golden, name));
  try {
    await task(file);
  } finally {
    await file.close();
  }
}

const wanted = (column: string, start: number, end: number) =>
  Array.from({ length: end - start }, (_, at) => expected[column]!(start + at));
const list = (values: ArrayLike<unknown>) => Array.from(values);

test.each(files)("%s: forwards in steps", (name) =>
  using(name, async (file) => {
    for (const column of Object.keys(expected))
      for (const step of [1, 13, 97, 450, rows])
        for (let start = 0; start < rows; start += step) {
          const end = Math.min(rows, start + step);
          expect(list(await file.values(column, start, end)), `${column} from ${start}`).toEqual(
            wanted(column, start, end),
          );
        }
  }),
);

test.each(files)("%s: jumps forwards and back, overlapping ranges, several at once", (name) =>
  using(name, async (file) => {
    for (const column of Object.keys(expected)) {
      const ranges = [
        [100, 140],
        [100, 140],
        [120, 260],
        [200, 205],
        [201, 259],
        [490, 510],
        [699, 700],
        [0, 20],
        [300, 300],
        [10, 690],
      ] as const;
      for (const [start, end] of ranges)
        expect(list(await file.values(column, start, end)), column).toEqual(wanted(column, start, end));
      const together = await Promise.all(ranges.map(([start, end]) => file.values(column, start, end)));
      for (const [at, [start, end]] of ranges.entries())
        expect(list(together[at]!), column).toEqual(wanted(column, start, end));
    }
  }),
);

/** Thrift's compact protocol: a field of type i32. @param step from the number of the field before */
const field = (step: number, value: number) => [16 * step + 5, ...varint(2 * value)];

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...varint(Math.floor(value / 128))];
}

/** Levels as runs of one value each, their length in front. */
function levels(values: readonly number[]): number[] {
  const runs = values.flatMap((value) => [2, value]);
  return [...new Uint8Array(Uint32Array.of(runs.length).buffer), ...runs];
}

/** A page of version 1 of list<float>, uncompressed: values with their repetition levels. */
function page(values: readonly (readonly [repetition: number, value: number])[]): number[] {
  const repetition = levels(values.map(([level]) => level));
  const definition = levels(values.map(() => 3));
  const floats = [...new Uint8Array(Float32Array.from(values, ([, value]) => value).buffer)];
  const body = [...repetition, ...definition, ...floats];
  // PageHeader: type 0, both sizes, and as field 5 the DataPageHeader: count, PLAIN, RLE, RLE.
  const inner = [...field(1, values.length), ...field(1, 0), ...field(1, 3), ...field(1, 3), 0];
  return [...field(1, 0), ...field(1, body.length), ...field(1, body.length), 16 * 2 + 12, ...inner, 0, ...body];
}

test("rows that span pages of version 1, as older writers make them", async () => {
  const list = Array.from({ length: 40 }, (_, row) => Array.from({ length: 1 + (row % 5) }, (_, at) => row + at / 8));
  const flat = list.flatMap((values) => values.map((value, at) => [Number(at > 0), value] as const));
  const pages = [];
  for (let at = 0; at < flat.length; at += 7) pages.push(...page(flat.slice(at, at + 7)));
  const bytes = Uint8Array.from(pages).buffer;
  const schema: SchemaElement[] = [
    { name: "root", repetition_type: "REQUIRED", num_children: 1 },
    { name: "vector", repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "OPTIONAL", type: "FLOAT" },
  ];
  const chunk = {
    type: "FLOAT",
    encodings: ["PLAIN", "RLE"],
    path_in_schema: ["vector", "list", "element"],
    codec: "UNCOMPRESSED",
    num_values: BigInt(flat.length),
    total_uncompressed_size: BigInt(bytes.byteLength),
    total_compressed_size: BigInt(bytes.byteLength),
    data_page_offset: 0n,
  } as ColumnMetaData;
  const buffer = { byteLength: bytes.byteLength, slice: async (from: number, to?: number) => bytes.slice(from, to) };
  const path = onlyLeaf(parquetSchema({ schema } as FileMetaData), "vector")!;
  for (const step of [1, 3, 11, 40]) {
    const cursor = new PageCursor(buffer, chunk, path, 1000);
    for (let start = 0; start < list.length; start += step)
      expect(await cursor.rows(start, Math.min(40, start + step)), `step ${step}`).toEqual(
        list.slice(start, start + step),
      );
  }
});
