// What LeRobot's own reader relies on, rule by rule, on a dataset with a video camera, a stored camera and two tasks. Parquet
// is looked at through DuckDB, videos through their boxes and packets.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordingFeatures } from "./recording.ts";
import { joinVideos, probeVideo } from "./video-copy.ts";
import { createWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(folder, "dataset");
const lengths = [6, 9];
let query: (sql: string) => Promise<Record<string, unknown>[]>;

beforeAll(async () => {
  const picture = (side: number, level: number) => ({
    width: side,
    height: side,
    data: new Uint8Array(side * side * 3).fill(level),
  });
  const writer = await createWriter(root, {
    fps: 30,
    robotType: "so101",
    features: {
      action: { dtype: "float32", shape: [6], names: ["a", "b", "c", "d", "e", "f"] },
      "observation.matrix": { dtype: "float64", shape: [2, 3], names: null },
      "observation.images.top": { dtype: "video", shape: [64, 64, 3], names: ["height", "width", "channels"] },
      "observation.images.wrist": { dtype: "image", shape: [8, 8, 3], names: ["height", "width", "channels"] },
      ...recordingFeatures,
    },
    video: { codec: "av1" },
  });
  for (const [episode, length] of lengths.entries()) {
    for (let frame = 0; frame < length; frame++)
      await writer.addFrame(
        {
          action: [0, 1, 2, 3, 4, frame],
          "observation.matrix": [1, 2, 3, 4, 5, 6],
          "observation.images.top": picture(64, frame * 10),
          "observation.images.wrist": picture(8, frame * 10),
          "next.reward": -1,
          "next.done": frame === length - 1,
          "complementary_info.is_intervention": 0,
          "complementary_info.collector_policy_id": "human",
        },
        `task ${episode}`,
      );
    await writer.saveEpisode({ episode_success: "success" });
  }
  await writer.close();
  const duckdb = await (await DuckDBInstance.create()).connect();
  query = async (sql) => (await duckdb.runAndReadAll(sql)).getRowObjectsJS();
});

const data = join(root, "data/chunk-000/file-000.parquet");
const episodes = join(root, "meta/episodes/chunk-000/file-000.parquet");
const json = (name: string) => JSON.parse(readFileSync(join(root, "meta", name), "utf8"));

async function metadata(path: string, key: string): Promise<Record<string, unknown>> {
  const rows = await query(
    `select decode(value) as value from parquet_kv_metadata('${path}') where decode(key) = '${key}'`,
  );
  return JSON.parse(rows[0]!.value as string);
}

test("info.json has every key, indented by four", () => {
  expect(json("info.json")).toMatchObject({
    codebase_version: "v3.0",
    fps: 30,
    robot_type: "so101",
    total_episodes: 2,
    total_frames: 15,
    total_tasks: 2,
    chunks_size: 1000,
    data_files_size_in_mb: 100,
    video_files_size_in_mb: 200,
    data_path: "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    video_path: "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    splits: { train: "0:2" },
  });
  expect(readFileSync(join(root, "meta/info.json"), "utf8")).toContain('\n    "codebase_version"');
  expect(Object.keys(json("info.json").features).slice(-5)).toEqual([
    "timestamp",
    "frame_index",
    "episode_index",
    "index",
    "task_index",
  ]);
  expect(json("info.json").features["observation.images.top"].info).toMatchObject({
    "video.height": 64,
    "video.width": 64,
    "video.codec": "av1",
    "video.pix_fmt": "yuv420p",
    "video.fps": 30,
    "video.channels": 3,
    has_audio: false,
    is_depth_map: false,
  });
});

test("rows: scalars for shape (1,), lists for vectors, lists of lists, a struct for pictures, no column for video", async () => {
  const types = await query(`describe select * from read_parquet('${data}')`);
  expect(Object.fromEntries(types.map((row) => [row.column_name, row.column_type]))).toEqual({
    action: "FLOAT[]",
    "observation.matrix": "DOUBLE[][]",
    "observation.images.wrist": "STRUCT(bytes BLOB, path VARCHAR)",
    "next.reward": "FLOAT",
    "next.done": "BOOLEAN",
    "complementary_info.is_intervention": "FLOAT",
    "complementary_info.collector_policy_id": "VARCHAR",
    timestamp: "FLOAT",
    frame_index: "BIGINT",
    episode_index: "BIGINT",
    index: "BIGINT",
    task_index: "BIGINT",
  });
  const rows = await query(`select * from read_parquet('${data}') order by index`);
  expect(rows.map((row) => Number(row.index))).toEqual(Array.from({ length: 15 }, (_, at) => at));
  expect(rows.map((row) => row.timestamp)).toEqual(
    lengths.flatMap((length) => Array.from({ length }, (_, at) => Math.fround(at / 30))),
  );
});

test("one row group an episode, snappy, element names as pyarrow's", async () => {
  const chunks = await query(`select * from parquet_metadata('${data}')`);
  const groups = new Map(chunks.map((chunk) => [Number(chunk.row_group_id), Number(chunk.row_group_num_rows)]));
  expect([...groups.values()]).toEqual(lengths);
  const action = chunks.find((chunk) => String(chunk.path_in_schema).startsWith("action"))!;
  expect([action.path_in_schema, action.compression]).toEqual(["action, list, element", "SNAPPY"]);
});

test("datasets' typing of the columns, and pandas' index of the tasks", async () => {
  expect(await metadata(data, "huggingface")).toMatchObject({
    info: {
      features: {
        action: { feature: { dtype: "float32", _type: "Value" }, length: 6, _type: "List" },
        "observation.matrix": { shape: [2, 3], dtype: "float64", _type: "Array2D" },
        "observation.images.wrist": { _type: "Image" },
        "complementary_info.collector_policy_id": { dtype: "string", _type: "Value" },
      },
    },
  });
  const tasks = join(root, "meta/tasks.parquet");
  expect(await metadata(tasks, "pandas")).toMatchObject({ index_columns: ["task"] });
  expect(await query(`select task_index::int as i, task from read_parquet('${tasks}')`)).toEqual([
    { i: 0, task: "task 0" },
    { i: 1, task: "task 1" },
  ]);
});

test("the list of episodes has the format's columns, statistics with quantiles and episode_success", async () => {
  const rows = await query(`select * from read_parquet('${episodes}')`);
  const names = Object.keys(rows[0]!);
  expect(names.filter((name) => !name.startsWith("stats/"))).toEqual([
    "episode_index",
    "tasks",
    "length",
    "data/chunk_index",
    "data/file_index",
    "dataset_from_index",
    "dataset_to_index",
    "videos/observation.images.top/chunk_index",
    "videos/observation.images.top/file_index",
    "videos/observation.images.top/from_timestamp",
    "videos/observation.images.top/to_timestamp",
    "episode_success",
    "meta/episodes/chunk_index",
    "meta/episodes/file_index",
  ]);
  const measures = ["min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"];
  for (const name of ["action", "timestamp", "observation.images.top", "observation.images.wrist", "next.done"])
    expect(names.filter((column) => column.startsWith(`stats/${name}/`))).toEqual(
      measures.map((measure) => `stats/${name}/${measure}`),
    );
  expect(names.some((name) => name.includes("collector_policy_id"))).toBe(false);
  const types = await query(`describe select * from read_parquet('${episodes}')`);
  const type = (name: string) => types.find((row) => row.column_name === name)?.column_type;
  expect(type("stats/action/mean")).toBe("DOUBLE[]");
  expect(type("stats/action/count")).toBe("BIGINT[]");
  expect(type("stats/observation.images.top/q99")).toBe("DOUBLE[][][]");
  expect(rows[1]).toMatchObject({
    tasks: ["task 1"],
    episode_success: "success",
    dataset_from_index: 6n,
    dataset_to_index: 15n,
  });
});

test("stats.json: the same measures, pictures of shape (3, 1, 1) in [0, 1], count as a list of one", () => {
  const stats = json("stats.json");
  expect(stats["observation.images.top"].max).toHaveLength(3);
  expect(stats["observation.images.top"].max[0][0][0]).toBeLessThanOrEqual(1);
  expect(stats.action).toMatchObject({ count: [15], max: [0, 1, 2, 3, 4, 8] });
  expect(stats["observation.matrix"].mean).toEqual([2.5, 3.5, 4.5]);
});

test("the video: both episodes in one file, frames at exact times, a key frame every two, the index in front", async () => {
  const path = join(root, "videos/observation.images.top/chunk-000/file-000.mp4");
  const { times } = await probeVideo(path);
  expect(times).toHaveLength(15);
  for (const [frame, time] of times.entries()) expect(Math.abs(time - frame / 30)).toBeLessThan(1e-9);
  const [first, second] = await query(`select * from read_parquet('${episodes}')`);
  const span = (row: typeof first) =>
    ["from", "to"].map((side) => row![`videos/observation.images.top/${side}_timestamp`]);
  expect([span(first), span(second)]).toEqual([
    [0, 0.2],
    [0.2, 0.5],
  ]);
  const cut = (frame: number) => joinVideos([{ path, from: frame / 30, frames: 1 }], 30, join(folder, "cut.mp4"));
  for (let frame = 0; frame < 6; frame += 2) await cut(frame);
  await expect(cut(3)).rejects.toThrow("expected a key frame");
  const bytes = readFileSync(path).toString("latin1");
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  expect(existsSync(join(root, ".recording"))).toBe(false);
  expect(existsSync(join(root, "images"))).toBe(false);
});
