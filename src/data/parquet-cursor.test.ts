// Columns of many small pages, read forwards in steps of any size, in jumps, and several at once.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
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
