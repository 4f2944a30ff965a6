import { expect, test } from "vitest";
import { input, type Tensor } from "../expression.ts";
import { gradient } from "../gradient.ts";
import { compile } from "../program.ts";
import { elements, type Shape } from "../types.ts";
import { mul } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { gather, takeAlongAxis } from "./indexing.ts";

/** Runs the gradient of a read many times on two threads: the table's gradient, each time. */
async function gradients(table: Tensor, read: Tensor, indices: Tensor, feed: Int32Array, upstream: Float32Array) {
  const weight = input("weight", read.shape);
  const [dtable] = gradient(sum(mul(read, weight)), [table]);
  const program = await compile({ inputs: [indices, weight], outputs: { dtable: dtable! } }, { threads: 2 });
  const runs: Float32Array[] = [];
  for (let i = 0; i < 12; i++) {
    const results = await program.run({ indices: feed, weight: upstream });
    runs.push(results.dtable!.data as Float32Array);
  }
  await program.release();
  return runs;
}

function expectSame(runs: readonly Float32Array[], exact: Float64Array): void {
  for (const run of runs) expect(Buffer.compare(Buffer.from(run.buffer), Buffer.from(runs[0]!.buffer))).toBe(0);
  let worst = 0;
  for (const [i, x] of exact.entries()) worst = Math.max(worst, Math.abs(runs[0]![i]! - x));
  expect(worst).toBeLessThan(1e-3);
}

const waves = (shape: Shape) => Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 1.3));

// Many readers of few rows: additions to one row must neither get lost between threads nor change their order.
test.each([
  [10, 20_000, 64],
  [1, 20_000, 64],
  [3, 100_000, 8],
  [256, 5_000, 32],
  [257, 20_000, 64],
  [1_000, 2_560, 128],
])("the gradient of gather adds up repeated indices: %i rows, %i readers, width %i", async (rows, readers, width) => {
  const table = input("table", [rows, width]);
  const indices = input("indices", [readers], "i32");
  const feed = Int32Array.from({ length: readers }, (_, i) => (i * 7919) % rows);
  const upstream = waves([readers, width]);
  const exact = new Float64Array(rows * width);
  feed.forEach((row, i) => {
    for (let j = 0; j < width; j++) exact[row * width + j]! += upstream[i * width + j]!;
  });
  expectSame(await gradients(table, gather(table, indices), indices, feed, upstream), exact);
});

test("the gradient of takeAlongAxis adds up repeated indices", async () => {
  const [rows, readers] = [64, 5_000];
  const table = input("table", [rows, 3]);
  const indices = input("indices", [rows, readers], "i32");
  const feed = Int32Array.from({ length: rows * readers }, (_, i) => (i * 7919) % 3);
  const upstream = waves([rows, readers]);
  const exact = new Float64Array(rows * 3);
  feed.forEach((column, i) => {
    exact[Math.floor(i / readers) * 3 + column]! += upstream[i]!;
  });
  expectSame(await gradients(table, takeAlongAxis(table, indices, 1), indices, feed, upstream), exact);
});
