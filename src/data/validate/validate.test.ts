// Each kind of damage is found, with file, episode and column, and all of them in one pass.
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDataset } from "../dataset.ts";
import { writeLabels } from "../labels.ts";
import { scalars, tableColumn, writeTable } from "../parquet-output.ts";
import { createWriter } from "../writer.ts";
import { validateDataset } from "./validate.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-validate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = resolve(import.meta.dirname, "../../../test/fixtures/g1-bottle");
const camera = "observation.images.cam_high";
const video = (episode: number) => `videos/chunk-000/${camera}/episode_00000${episode}.mp4`;
const data = (episode: number) => `data/chunk-000/episode_00000${episode}.parquet`;

let copies = 0;

function copy(): string {
  const root = join(folder, String(copies++));
  cpSync(fixture, root, { recursive: true });
  return root;
}

function edit(root: string, file: string, change: (value: Record<string, never>) => void): void {
  const value = JSON.parse(readFileSync(join(root, file), "utf8"));
  change(value);
  writeFileSync(join(root, file), JSON.stringify(value));
}

/** Rewrites an episode's rows with some columns replaced. */
async function rewrite(
  root: string,
  episode: number,
  columns: Readonly<Record<string, readonly unknown[]>>,
): Promise<void> {
  const source = await openDataset(fixture);
  const table = [...(await source.columns(episode))].map(([name, column]) => {
    const replaced = columns[name];
    const written = tableColumn(name, column);
    return replaced ? { ...written, values: [...replaced] } : written;
  });
  await source.close();
  rmSync(join(root, data(episode)));
  writeTable(join(root, data(episode)), table);
}

const frames = Array.from({ length: 30 }, (_, frame) => frame);

test("truncated parquet", async () => {
  const root = copy();
  truncateSync(join(root, data(1)), 3000);
  expect(await validateDataset(root)).toMatchObject([
    { file: data(1), message: expect.stringContaining("truncated or not parquet") },
  ]);
  const dataset = await openDataset(root);
  await expect(dataset.columns(1)).rejects.toThrow(/episode_000001\.parquet: truncated/);
  await dataset.close();
});

test("missing, short and damaged videos", async () => {
  const root = copy();
  rmSync(join(root, video(0)));
  truncateSync(join(root, video(1)), 100_000);
  const problems = await validateDataset(root);
  expect(problems).toMatchObject([
    { file: video(0), episode: 0, column: camera, message: "the video is missing" },
    { file: video(1), episode: 1, column: camera },
  ]);
  const dataset = await openDataset(root);
  await expect(dataset.frames(0, camera, [0])).rejects.toThrow(
    /episode 0, column "observation.images.cam_high": .*episode_000000\.mp4/,
  );
  await expect(dataset.frames(1, camera, [29])).rejects.toThrow(/episode 1, column .*episode_000001\.mp4/);
  await dataset.close();
});

test("a shorter video than the rows", async () => {
  const root = copy();
  edit(root, "meta/info.json", (info: Record<string, unknown>) => {
    info.total_frames = 61;
  });
  const lines = readFileSync(join(root, "meta/episodes.jsonl"), "utf8").replace('"length":30', '"length":31');
  writeFileSync(join(root, "meta/episodes.jsonl"), lines);
  const messages = (await validateDataset(root)).map(({ file, message }) => `${file}: ${message}`).join("\n");
  expect(messages).toContain(`${data(0)}: expected 31 rows (1 episodes), got 30`);
  expect(messages).toContain(
    "expected 31 frames at 30 frames/s from 0.000 s, 1 are missing, the first at 1.000 s; the video has 30 frames, 30.00 frames/s",
  );
});

test("wrong fps", async () => {
  const root = copy();
  edit(root, "meta/info.json", (info: Record<string, unknown>) => {
    info.fps = 15;
  });
  const problems = await validateDataset(root);
  expect(problems).toContainEqual(expect.objectContaining({ file: data(0), episode: 0, column: "timestamp" }));
  expect(problems).toContainEqual(
    expect.objectContaining({
      file: video(1),
      episode: 1,
      column: camera,
      message: expect.stringContaining("30.00 frames/s"),
    }),
  );
});

test("NaN, wrong shapes, a duplicated index and an unknown task, all at once", async () => {
  const root = copy();
  const vector = (value: number) => Array.from({ length: 26 }, () => value);
  await rewrite(root, 0, {
    action: frames.map((frame) => vector(frame === 7 ? Number.NaN : 0)),
    index: frames.map((frame) => BigInt(frame === 9 ? 8 : frame)),
  });
  await rewrite(root, 1, {
    "observation.state": frames.map((frame) => (frame === 4 ? [1, 2] : vector(0))),
    task_index: frames.map(() => 3n),
  });
  const problems = await validateDataset(root);
  expect(problems.filter(({ severity }) => severity === "error")).toMatchObject([
    {
      file: data(0),
      episode: 0,
      column: "action",
      message: "frame 7: expected a finite number, got NaN (and 25 values more)",
    },
    { file: data(0), episode: 0, column: "index", message: "frame 9: expected 9, got 8" },
    {
      file: data(1),
      episode: 1,
      column: "observation.state",
      message: expect.stringContaining("frame 4: expected shape [26], got 2 values on axis 0"),
    },
    { file: data(1), episode: 1, column: "task_index", message: "task_index 3 is not in the list of tasks" },
  ]);
});

test("broken info.json says what is wrong", async () => {
  const root = copy();
  edit(root, "meta/info.json", (info: Record<string, unknown>) => {
    info.fps = "thirty";
  });
  expect(await validateDataset(root)).toMatchObject([
    { file: "meta/info.json", message: expect.stringMatching(/fps/) },
  ]);
  writeFileSync(join(root, "meta/info.json"), "{");
  expect(await validateDataset(root)).toMatchObject([
    { file: "meta/info.json", message: expect.stringContaining("expected JSON") },
  ]);
});

let small: string;
beforeAll(async () => {
  small = join(folder, "small");
  const writer = await createWriter(small, {
    fps: 10,
    features: { action: { dtype: "float32", shape: [1], names: null } },
  });
  for (const frame of [0, 1, 2]) await writer.addFrame({ action: frame }, "t");
  await writer.saveEpisode();
  await writer.close();
});

test("counts that disagree, tasks without their pandas index, labels of frames there are not", async () => {
  const root = join(folder, "disagree");
  cpSync(small, root, { recursive: true });
  const one = {
    episode_index: Int32Array.of(0),
    frame_index: Int32Array.of(2),
    return: Float32Array.of(-1),
    reward: Float32Array.of(0),
    prompt: ["t"],
  };
  await writeLabels(root, "returns", "mc", one);
  edit(root, "meta/info.json", (info: Record<string, unknown>) => {
    info.total_frames = 4;
  });
  edit(root, "meta/stats.json", (stats: Record<string, unknown>) => {
    delete stats.action;
    for (const measures of Object.values(stats)) (measures as { count: number[] }).count = [4];
  });
  rmSync(join(root, "meta/tasks.parquet"));
  writeTable(join(root, "meta/tasks.parquet"), [
    scalars("task_index", "int64", [0n]),
    scalars("task", "string", ["t"]),
  ]);
  rmSync(join(root, "meta/returns_mc.parquet"));
  writeTable(join(root, "meta/returns_mc.parquet"), [
    scalars("episode_index", "int64", [0n]),
    scalars("frame_index", "int64", [3n]),
    scalars("return", "float32", [0]),
    scalars("reward", "float32", [0]),
    scalars("prompt", "string", ["t"]),
  ]);
  const pandas = 'expected pandas metadata with index_columns ["task"], got none';
  expect(await validateDataset(root)).toMatchObject([
    { severity: "warning", file: "meta/tasks.parquet", message: expect.stringContaining(pandas) },
    { severity: "error", file: "meta/info.json", message: "total_frames is 4, the dataset has 3" },
    { severity: "warning", file: "meta/stats.json", column: "action", message: "the feature has no statistics" },
    { file: "meta/returns_mc.parquet", message: expect.stringContaining("the dataset has no frame 3 of episode 0") },
  ]);
});

test("numbers that a type cannot hold are refused, and frames that overtake each other", async () => {
  const one = (dtype: string) => ({ dtype, shape: [1], names: null });
  const features = { byte: one("int8"), flag: one("bool"), wide: one("uint64"), real: one("float32") };
  const writer = await createWriter(join(folder, "ranges"), { fps: 10, features });
  const good = { byte: -128, flag: true, wide: 2n ** 64n - 1n, real: 0.1 };
  for (const wrong of [{ byte: 128 }, { byte: 0.5 }, { flag: 2 }, { wide: -1 }, { wide: 2n ** 64n }, { real: 1e39 }]) {
    const [name] = Object.keys(wrong);
    await expect(writer.addFrame({ ...good, ...wrong }, "t")).rejects.toThrow(`column "${name}": expected`);
  }
  const first = writer.addFrame(good, "t");
  await expect(writer.addFrame(good, "t")).rejects.toThrow("await the addFrame before this one first");
  await first;
  expect(writer.frames).toBe(1);
  await writer.close();
});

test("the writer refuses bad frames before keeping any of them", async () => {
  const features = {
    action: { dtype: "float32", shape: [2], names: null },
    camera: { dtype: "image", shape: [2, 2, 3], names: null },
  };
  const writer = await createWriter(join(folder, "refused"), { fps: 10, features });
  const camera = { width: 2, height: 2, data: new Uint8Array(12) };
  const where = /^episode 0, frame 0/;
  await expect(writer.addFrame({ action: [1, 2] }, "t")).rejects.toThrow(
    'column "camera": expected a picture of 2x2, got nothing',
  );
  await expect(writer.addFrame({ action: [1, 2, 3], camera }, "t")).rejects.toThrow(
    "expected float32 [2], that is 2 numbers, got 3",
  );
  await expect(writer.addFrame({ action: [1, Number.NaN], camera }, "t")).rejects.toThrow("got NaN at 1");
  await expect(writer.addFrame({ action: [1, 2], camera, more: 1 }, "t")).rejects.toThrow('"more" is not a feature');
  await expect(writer.addFrame({ action: [1, 2], camera: { ...camera, width: 3 } }, "t")).rejects.toThrow("got 3x2");
  await expect(writer.addFrame({ action: [1, 2], camera }, "")).rejects.toThrow(where);
  await expect(writer.saveEpisode()).rejects.toThrow("expected frames before saveEpisode");
  expect(writer.frames).toBe(0);
  await writer.addFrame({ action: [1, 2], camera }, "t");
  await writer.saveEpisode({ episode_success: "success" });
  await writer.flush();
  await writer.addFrame({ action: [1, 2], camera }, "t");
  await expect(writer.saveEpisode({ operator: "me" })).rejects.toThrow("the dataset's episodes have episode_success");
  expect(await writer.saveEpisode({ episode_success: "failure" })).toBe(1);
  await writer.close();
  await expect(createWriter(join(folder, "bad"), { fps: 10, features: { "a/b": features.action } })).rejects.toThrow(
    'must not contain "/"',
  );
  await expect(createWriter(join(folder, "bad"), { fps: 0.5, features })).rejects.toThrow("fps");
});
