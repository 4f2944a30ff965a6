// What is recorded is read back bit for bit: random features, episodes and resumptions, checked by our reader and by DuckDB.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import type { FrameValues } from "./episode-buffer.ts";
import { openParquet } from "./parquet-file.ts";
import type { Feature, Image } from "./types.ts";
import { createWriter, resumeWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-round-trip-"));
afterAll(() => rmSync(folder, { recursive: true }));

const int = (bits: number, signed: boolean) =>
  signed
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.integer({ min: 0, max: 2 ** bits - 1 });
const finite = { noNaN: true, noDefaultInfinity: true };

/** A value of each type that survives storage unchanged. */
const values: Record<string, fc.Arbitrary<number | bigint | boolean>> = {
  bool: fc.boolean(),
  int8: int(8, true),
  int16: int(16, true),
  int32: int(32, true),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint8: int(8, false),
  uint16: int(16, false),
  uint32: int(32, false),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  float16: fc.integer({ min: -1024, max: 1024 }).map((n) => n / 64),
  float32: fc.float(finite),
  float64: fc.double(finite),
};

interface Recording {
  readonly features: Readonly<Record<string, Feature>>;
  readonly sessions: readonly (readonly (readonly { readonly values: FrameValues; readonly task: string }[])[])[];
}

const feature = fc.oneof(
  fc.record({
    dtype: fc.constantFrom(...Object.keys(values)),
    shape: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    names: fc.constant(null),
  }),
  fc.constant({ dtype: "string", shape: [1], names: null }),
  fc.constant({ dtype: "image", shape: [2, 3, 3], names: ["height", "width", "channels"] }),
);

function frameValue({ dtype, shape }: Feature): fc.Arbitrary<FrameValues[string]> {
  if (dtype === "string") return fc.string({ unit: "grapheme" });
  const size = shape.reduce((product, side) => product * side, 1);
  if (dtype === "image")
    return fc.uint8Array({ minLength: size, maxLength: size }).map((data): Image => ({ width: 3, height: 2, data }));
  return fc
    .array(values[dtype]!, { minLength: size, maxLength: size })
    .map((items) => items.map((item) => (typeof item === "boolean" ? Number(item) : item)) as number[]);
}

const name = fc.stringMatching(/^[a-z]{1,4}(\.[a-z_]{1,4})?$/).filter((text) => !["index", "task"].includes(text));

const recording: fc.Arbitrary<Recording> = fc
  .dictionary(name, feature, { minKeys: 1, maxKeys: 4 })
  .chain((features) => {
    const values = fc.record(Object.fromEntries(Object.entries(features).map(([key, one]) => [key, frameValue(one)])));
    const frame = fc.record({ values, task: fc.constantFrom("fold", "pick up the cup", "räum auf") });
    const episode = fc.array(frame, { minLength: 1, maxLength: 5 });
    const session = fc.array(episode, { minLength: 1, maxLength: 2 });
    return fc.record({ features: fc.constant(features), sessions: fc.array(session, { minLength: 1, maxLength: 2 }) });
  });

test("a recording is read back as it was made, by hyparquet and by DuckDB", async () => {
  let run = 0;
  const duckdb = await (await DuckDBInstance.create()).connect();
  await fc.assert(
    fc.asyncProperty(recording, async ({ features, sessions }) => {
      const root = join(folder, String(run++));
      for (const [at, episodes] of sessions.entries()) {
        const writer = at === 0 ? await createWriter(root, { fps: 10, features }) : await resumeWriter(root);
        for (const [number, frames] of episodes.entries()) {
          for (const { values, task } of frames) await writer.addFrame(values, task);
          await writer.saveEpisode(number === 0 ? { episode_success: "success" } : {});
        }
        await writer.close();
      }
      const written = sessions.flat();
      const dataset = await openDataset(root);
      expect(dataset.episodes.map(({ length }) => length)).toEqual(written.map((frames) => frames.length));
      expect(new Map(Object.entries(features))).toEqual(
        new Map([...dataset.features].filter(([key]) => key in features)),
      );
      let index = 0;
      for (const [episode, frames] of written.entries()) {
        const columns = await dataset.columns(episode);
        const tasks = frames.map(({ task }) => task);
        expect(
          Array.from(columns.get("task_index")!.data as BigInt64Array, (task) => dataset.tasks.get(Number(task))),
        ).toEqual(tasks);
        expect(new Set(dataset.episodes[episode]!.tasks)).toEqual(new Set(tasks));
        expect(Array.from(columns.get("index")!.data as BigInt64Array, Number)).toEqual(
          frames.map((_, at) => index + at),
        );
        expect(columns.get("timestamp")!.data).toEqual(Float32Array.from(frames, (_, at) => at / 10));
        index += frames.length;
        for (const [key, { dtype }] of Object.entries(features)) {
          const expected = frames.map(({ values }) => values[key]!);
          if (dtype === "image") {
            expect(
              await dataset.frames(
                episode,
                key,
                expected.map((_, at) => at),
              ),
            ).toEqual(expected);
            continue;
          }
          const data = Array.from(columns.get(key)!.data as ArrayLike<unknown>);
          expect(data.every((value, at) => Object.is(value, expected.flat()[at]))).toBe(true);
          expect(data).toHaveLength(expected.flat().length);
        }
      }
      const successes = sessions.flatMap((episodes) => episodes.map((_, number) => number === 0));
      expect(dataset.episodes.map(({ extra }) => extra.episode_success === "success")).toEqual(successes);
      await dataset.close();
      await checkWithDuckdb(duckdb, root, features, written);
    }),
    { numRuns: 40, seed: 7 },
  );
});

type Connection = Awaited<ReturnType<DuckDBInstance["connect"]>>;

async function checkWithDuckdb(
  duckdb: Connection,
  root: string,
  features: Recording["features"],
  written: Recording["sessions"][number],
) {
  const read = async (sql: string) => (await duckdb.runAndReadAll(sql)).getRowObjectsJS();
  const rows = await read(`select * from read_parquet('${root}/data/*/*.parquet') order by index`);
  const frames = written.flat();
  expect(rows).toHaveLength(frames.length);
  for (const [key, { dtype }] of Object.entries(features)) {
    const plain = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.flatMap(plain);
      if (typeof value === "boolean") return Number(value);
      return value;
    };
    for (const [at, row] of rows.entries()) {
      const expected = frames[at]!.values[key]!;
      if (dtype === "image")
        expect(Buffer.from((row[key] as { bytes: Uint8Array }).bytes).toString("latin1", 1, 4)).toBe("PNG");
      else expect([plain(row[key])].flat().map(withoutSign)).toEqual([expected].flat().map(withoutSign));
    }
  }
  const episodes = await read(`select * from read_parquet('${root}/meta/episodes/*/*.parquet') order by episode_index`);
  expect(episodes.map(({ length }) => Number(length))).toEqual(written.map((episode) => episode.length));
  const groups = await read(
    `select file_name, row_group_id, any_value(row_group_num_rows) as n from parquet_metadata('${root}/data/*/*.parquet') group by all order by all`,
  );
  expect(groups.map(({ n }) => Number(n))).toEqual(written.map((episode) => episode.length));
}

function withoutSign(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

test("one row group an episode, and metadata for pandas and datasets", async () => {
  const root = join(folder, "metadata");
  const writer = await createWriter(root, {
    fps: 50,
    robotType: "so101",
    features: {
      action: { dtype: "float32", shape: [2], names: ["a", "b"] },
      grid: { dtype: "int16", shape: [2, 2], names: null },
    },
  });
  for (const length of [3, 5]) {
    for (let frame = 0; frame < length; frame++) await writer.addFrame({ action: [frame, 1], grid: [1, 2, 3, 4] }, "b");
    await writer.saveEpisode();
  }
  await writer.close();
  const data = await openParquet(join(root, "data/chunk-000/file-000.parquet"));
  expect(data.groups).toEqual([3, 5]);
  const metadata = (file: typeof data, key: string) =>
    JSON.parse(file.metadata.key_value_metadata!.find((entry) => entry.key === key)!.value!);
  expect(metadata(data, "huggingface").info.features).toMatchObject({
    action: { feature: { dtype: "float32", _type: "Value" }, length: 2, _type: "List" },
    grid: { shape: [2, 2], dtype: "int16", _type: "Array2D" },
    timestamp: { dtype: "float32", _type: "Value" },
  });
  await data.close();
  const tasks = await openParquet(join(root, "meta/tasks.parquet"));
  expect(metadata(tasks, "pandas").index_columns).toEqual(["task"]);
  expect([...tasks.columns.keys()]).toEqual(["task_index", "task"]);
  await tasks.close();
});
