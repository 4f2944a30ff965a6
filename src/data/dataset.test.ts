// The fixture g1-bottle: two cut episodes of a real Unitree G1 (v2.1, AV1 640x480), read, converted and read back.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, expect, test } from "vitest";
import { convertDataset } from "./convert.ts";
import { type LeRobotDataset, openDataset } from "./dataset.ts";
import { exportVersion21 } from "./export-v21.ts";
import { scalars, tableColumn, writeTable } from "./parquet-output.ts";
import { validateDataset } from "./validate/validate.ts";
import { createWriter, resumeWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-dataset-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = resolve(import.meta.dirname, "../../test/fixtures/g1-bottle");
const camera = "observation.images.cam_high";

async function expectEqual(a: LeRobotDataset, b: LeRobotDataset): Promise<void> {
  expect(b.episodes.map(({ length, tasks }) => [length, tasks])).toEqual(
    a.episodes.map(({ length, tasks }) => [length, tasks]),
  );
  expect([b.fps, b.robotType, b.features, b.tasks]).toEqual([a.fps, a.robotType, a.features, a.tasks]);
  for (const { index, length } of a.episodes) {
    expect(await b.columns(index)).toEqual(await a.columns(index));
    const every = Array.from({ length }, (_, frame) => frame);
    const [left, right] = [await a.frames(index, camera, every), await b.frames(index, camera, every)];
    expect(left.every((image, frame) => Buffer.compare(image.data, right[frame]!.data) === 0)).toBe(true);
  }
}

test("v2.1 reads, validates, converts to v3.0 and back to v2.1, each equal", async () => {
  expect(await validateDataset(fixture)).toEqual([]);
  const source = await openDataset(fixture);
  expect(source.info.codebase_version).toBe("v2.1");
  const done: number[] = [];
  await convertDataset(source, join(folder, "v3"), { progress: (at) => done.push(at) });
  expect(done).toEqual([1, 2]);
  expect(await validateDataset(join(folder, "v3"))).toEqual([]);
  const version3 = await openDataset(join(folder, "v3"));
  expect(version3.info.codebase_version).toBe("v3.0");
  await expectEqual(source, version3);
  const [before, after] = [await source.episodeStats(), await version3.episodeStats()];
  for (const [name, stats] of before.get(1)!)
    for (const measure of ["min", "max", "mean", "std"] as const)
      expect(after.get(1)!.get(name)![measure]).toEqual(stats[measure]);
  await exportVersion21(version3, join(folder, "v21"));
  expect(await validateDataset(join(folder, "v21"))).toEqual([]);
  const version21 = await openDataset(join(folder, "v21"));
  await expectEqual(source, version21);
  for (const dataset of [source, version3, version21]) await dataset.close();
}, 120_000);

test("frames are exact in any order, and beyond the episode an error", async () => {
  const dataset = await openDataset(fixture);
  const all = await dataset.frames(
    1,
    camera,
    Array.from({ length: 30 }, (_, frame) => frame),
  );
  for (const order of [[29, 0, 17, 17, 3], [5], [12, 11, 10]]) {
    const found = await dataset.frames(1, camera, order);
    for (const [at, frame] of order.entries()) expect(Buffer.compare(found[at]!.data, all[frame]!.data)).toBe(0);
  }
  expect(Buffer.compare(all[0]!.data, all[29]!.data)).not.toBe(0);
  await expect(dataset.frames(1, camera, [30])).rejects.toThrow("expected a frame from 0 to 29, got 30");
  await expect(dataset.frames(2, camera, [0])).rejects.toThrow("expected an episode from 0 to 1, got 2");
  await expect(dataset.frames(0, "action", [0])).rejects.toThrow(`expected a camera among ${camera}`);
  await expect(dataset.columns(0, ["nothing"])).rejects.toThrow('no column "nothing"');
  await dataset.close();
});

test("DuckDB reads what the conversion wrote", async () => {
  const duckdb = await (await DuckDBInstance.create()).connect();
  const read = async (sql: string) => (await duckdb.runAndReadAll(sql)).getRowObjectsJS();
  const root = join(folder, "v3");
  const [row] = await read(
    `select count(*) as n, max(index) as last, sum(action[1]) as total from read_parquet('${root}/data/*/*.parquet')`,
  );
  expect([Number(row!.n), Number(row!.last)]).toEqual([60, 59]);
  const dataset = await openDataset(root);
  const sums = await Promise.all(
    [0, 1].map(async (episode) => (await dataset.columns(episode, ["action"])).get("action")!.data as Float32Array),
  );
  const total = sums.reduce((sum, data) => sum + data.filter((_, at) => at % 26 === 0).reduce((a, b) => a + b, 0), 0);
  expect(Math.abs(Number(row!.total) - total)).toBeLessThan(1e-4);
  await dataset.close();
  const [stats] = await read(`select * from read_parquet('${root}/meta/episodes/*/*.parquet') where episode_index = 1`);
  expect(stats![`stats/${camera}/mean`]).toHaveLength(3);
  expect((stats!["stats/action/q99"] as number[]).length).toBe(26);
  expect([stats![`videos/${camera}/from_timestamp`], stats![`videos/${camera}/to_timestamp`]]).toEqual([1, 2]);
});

test("a resumed recording begins new files", async () => {
  const root = join(folder, "resumed");
  const features = { action: { dtype: "float32", shape: [2], names: null } };
  for (const session of [0, 1, 2]) {
    const writer = session === 0 ? await createWriter(root, { fps: 10, features }) : await resumeWriter(root);
    for (const frame of [0, 1]) await writer.addFrame({ action: [session, frame] }, `task ${session}`);
    expect(await writer.saveEpisode({ episode_success: "success" })).toBe(session);
    await writer.close();
  }
  const dataset = await openDataset(root);
  expect(dataset.episodes.map(({ data, meta }) => [data.file, meta?.file])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
  expect(dataset.tasks).toEqual(
    new Map([
      [0, "task 0"],
      [1, "task 1"],
      [2, "task 2"],
    ]),
  );
  await dataset.close();
  expect(await validateDataset(root)).toEqual([]);
});

test("files roll over by size", async () => {
  const root = join(folder, "rolled");
  const features = { action: { dtype: "float64", shape: [64], names: null } };
  const writer = await createWriter(root, { fps: 10, features, dataFileMegabytes: 0.05 });
  for (let episode = 0; episode < 6; episode++) {
    for (let frame = 0; frame < 40; frame++)
      await writer.addFrame(
        { action: Float64Array.from({ length: 64 }, (_, at) => Math.sin(frame * 64 + at + episode)) },
        "t",
      );
    await writer.saveEpisode();
  }
  await writer.close();
  const dataset = await openDataset(root);
  const files = dataset.episodes.map(({ data }) => data.file);
  expect(new Set(files).size).toBeGreaterThan(1);
  expect(files).toEqual([...files].sort((a, b) => a - b));
  await dataset.close();
  expect(await validateDataset(root)).toEqual([]);
});

test("features and columns pistar does not know are listed, read and carried along", async () => {
  const root = join(folder, "unknown");
  cpSync(fixture, root, { recursive: true });
  const path = join(root, "data/chunk-000/episode_000000.parquet");
  for (const episode of [0, 1]) {
    const source = await openDataset(fixture);
    const columns = [...(await source.columns(episode))].map(([name, column]) => tableColumn(name, column));
    await source.close();
    const struct = [
      { name: "language_events", repetition_type: "OPTIONAL" as const, num_children: 2 },
      {
        name: "role",
        repetition_type: "OPTIONAL" as const,
        type: "BYTE_ARRAY" as const,
        converted_type: "UTF8" as const,
      },
      {
        name: "style",
        repetition_type: "OPTIONAL" as const,
        type: "BYTE_ARRAY" as const,
        converted_type: "UTF8" as const,
      },
    ];
    const file = path.replace("000000.p", `00000${episode}.p`);
    rmSync(file);
    writeTable(file, [
      ...columns,
      {
        name: "language_events",
        schema: struct,
        values: columns[0]!.values.length ? Array.from({ length: 30 }, () => ({ role: "user", style: "plan" })) : [],
      },
      scalars(
        "extra.note",
        "string",
        Array.from({ length: 30 }, (_, frame) => `note ${frame}`),
      ),
    ]);
  }
  const infoFile = join(root, "meta/info.json");
  const info = JSON.parse(readFileSync(infoFile, "utf8"));
  info.features.language_events = { dtype: "language", shape: [1], names: null };
  info.tools = ["unknown key"];
  writeFileSync(infoFile, JSON.stringify(info));
  const dataset = await openDataset(root);
  expect(await dataset.undeclared()).toEqual(["extra.note"]);
  expect(dataset.features.get("language_events")!.dtype).toBe("language");
  const columns = await dataset.columns(0, ["language_events", "extra.note"]);
  expect(columns.get("language_events")!.data[3]).toBe('{"role":"user","style":"plan"}');
  expect(columns.get("extra.note")!.data[3]).toBe("note 3");
  await convertDataset(dataset, join(folder, "carried"));
  const copy = await openDataset(join(folder, "carried"));
  expect(await copy.undeclared()).toEqual(["extra.note"]);
  expect(copy.features.get("language_events")).toEqual(dataset.features.get("language_events"));
  const writer = await resumeWriter(join(folder, "carried"));
  await expect(writer.addFrame({}, "t")).rejects.toThrow('cannot write dtype "language"');
  await writer.close();
  expect((await copy.columns(1, ["language_events"])).get("language_events")!.data[29]).toBe(
    '{"role":"user","style":"plan"}',
  );
  await dataset.close();
  await copy.close();
}, 120_000);

test("both names of the index in tasks.parquet, in any row order", async () => {
  const root = join(folder, "old-index");
  cpSync(join(folder, "v3"), root, { recursive: true });
  rmSync(join(root, "meta/tasks.parquet"));
  writeTable(join(root, "meta/tasks.parquet"), [
    scalars("task_index", "int64", [1n, 0n]),
    scalars("__index_level_0__", "string", ["other", "Pick up the yellow bottle on the table."]),
  ]);
  const dataset = await openDataset(root);
  expect(dataset.tasks.get(0)).toBe("Pick up the yellow bottle on the table.");
  await dataset.close();
});

test("what is not a dataset is said to be none", async () => {
  await expect(openDataset(folder)).rejects.toThrow("expected a LeRobot dataset");
});
