// Datasets as others make them: each test builds one kind of oddity or damage and says what becomes of it.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { convertDataset } from "./convert.ts";
import { type LeRobotDataset, openDataset } from "./dataset.ts";
import { metresOfCode } from "./depth.ts";
import { exportVersion21 } from "./export-v21.ts";
import { readLabels, writeLabels } from "./labels.ts";
import { flatten, openParquet } from "./parquet-file.ts";
import { scalars, type TableColumn, writeTable } from "./parquet-output.ts";
import { recomputeStats, statsChanges, totalStats, writeStats } from "./recompute-stats.ts";
import { episodeSuccess } from "./recording.ts";
import type { Feature, Image } from "./types.ts";
import { validateDataset } from "./validate/validate.ts";
import { createWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-others-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;
const fresh = () => join(folder, String(made++));

const vector: Feature = { dtype: "float32", shape: [2], names: ["x", "y"] };
const dataPath = "data/chunk-000/file-000.parquet";
const episodesPath = "meta/episodes/chunk-000/file-000.parquet";

/** A small dataset: `lengths` episodes whose actions are [episode, frame]. */
async function recorded(lengths: readonly number[], features: Readonly<Record<string, Feature>> = {}, fps = 10) {
  const root = fresh();
  const writer = await createWriter(root, { fps, features: { action: vector, ...features }, video: { codec: "h264" } });
  for (const [episode, length] of lengths.entries()) {
    for (let frame = 0; frame < length; frame++) {
      const pictures = Object.entries(features).map(([name, { dtype }]) => [
        name,
        picture(frame, dtype === "video" ? 64 : 4),
      ]);
      await writer.addFrame({ action: [episode, frame], ...Object.fromEntries(pictures) }, `task ${episode % 2}`);
    }
    await writer.saveEpisode({ ...episodeSuccess(episode % 2 === 0), episode_seed: BigInt(episode), score: 1 });
  }
  await writer.close();
  return root;
}

function picture(frame: number, width = 4): Image {
  return { width, height: width / 2, data: new Uint8Array((width * width * 3) / 2).fill(frame * 10) };
}

/** Rewrites a parquet file as one row group; `change` edits its columns. */
async function rewrite(path: string, change: (columns: TableColumn[]) => TableColumn[]): Promise<void> {
  const file = await openParquet(path);
  const columns: TableColumn[] = [];
  for (const [name, column] of file.columns)
    columns.push({ name, schema: flatten(column), values: Array.from(await file.values(name)) });
  const metadata = Object.fromEntries(file.metadata.key_value_metadata?.map(({ key, value }) => [key, value!]) ?? []);
  await file.close();
  rmSync(path);
  writeTable(path, change(columns), metadata);
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
function edit(root: string, file: string, change: (value: any) => void): void {
  const value = JSON.parse(readFileSync(join(root, file), "utf8"));
  change(value);
  writeFileSync(join(root, file), JSON.stringify(value));
}

async function reading<T>(root: string, task: (dataset: LeRobotDataset) => Promise<T>, options = {}): Promise<T> {
  const dataset = await openDataset(root, options);
  try {
    return await task(dataset);
  } finally {
    await dataset.close();
  }
}

const errors = async (root: string) =>
  (await validateDataset(root)).filter(({ severity }) => severity === "error").map(({ message }) => message);

test("tasks follow from task_index where meta/episodes has no column for them", async () => {
  const root = await recorded([2, 3]);
  await rewrite(join(root, episodesPath), (columns) => columns.filter(({ name }) => name !== "tasks"));
  await reading(root, async ({ episodes }) =>
    expect(episodes.map(({ tasks }) => tasks)).toEqual([["task 0"], ["task 1"]]),
  );
  expect(await validateDataset(root)).toMatchObject([{ severity: "note", file: "meta/episodes" }]);
});

test("shuffled rows are refused by every copy, and put in order by repair", async () => {
  const root = await recorded([3, 2]);
  const order = [4, 1, 0, 3, 2];
  await rewrite(join(root, dataPath), (columns) =>
    columns.map((column) => ({ ...column, values: order.map((row) => (column.values as unknown[])[row]) })),
  );
  expect((await errors(root)).length).toBeGreaterThan(3);
  const target = fresh();
  await reading(root, async (dataset) => {
    await expect(convertDataset(dataset, target)).rejects.toThrow(/expected \d+, got \d+; .*--repair/);
    await expect(exportVersion21(dataset, target)).rejects.toThrow("--repair");
  });
  const notes: string[] = [];
  const options = { repair: true, onNote: (note: string) => notes.push(note) };
  await reading(root, (dataset) => convertDataset(dataset, target, options), options);
  expect(notes).toEqual(
    [0, 1].map((episode) => `${root}, episode ${episode}: rows were out of order and are sorted by frame_index`),
  );
  expect(await errors(target)).toEqual([]);
  await reading(target, async (copy) => {
    expect((await copy.columns(0)).get("action")!.data).toEqual(Float32Array.of(0, 0, 0, 1, 0, 2));
    expect((await copy.columns(1)).get("action")!.data).toEqual(Float32Array.of(1, 0, 1, 1));
  });
});

test("names decide which axis of a picture is which", async () => {
  const camera = { dtype: "image", shape: [3, 2, 4], names: ["channel", "height", "width"] };
  const root = await recorded([2], { camera });
  expect(await validateDataset(root)).toEqual([]);
  const target = fresh();
  await reading(root, (dataset) => convertDataset(dataset, target));
  await reading(target, async (copy) => {
    expect(copy.features.get("camera")).toEqual(camera);
    expect(await copy.frames(0, "camera", [1])).toEqual([picture(1)]);
  });
});

test("statistics are compared with the data", async () => {
  const root = await recorded([4]);
  const messages = async (change: (action: Record<string, number[]>) => void) => {
    const copy = fresh();
    cpSync(root, copy, { recursive: true });
    edit(copy, "meta/stats.json", ({ action }) => change(action));
    return (await validateDataset(copy)).map(({ severity, message }) => `${severity}: ${message.split(";")[0]}`);
  };
  expect(await messages((action) => action.mean!.push(0))).toEqual(["warning: expected 2 numbers for mean, got 3"]);
  expect(await messages((action) => (action.mean![1] = 1e9))).toEqual([
    "warning: mean 1000000000 is not between min 0 and max 3 at 1",
  ]);
  expect(await messages((action) => (action.min![1] = 4))).toEqual(["warning: min 4 is above max 3 at 1"]);
  expect(await messages((action) => (action.std![1] = 0.059))).toEqual([
    "warning: std is 0.059 at 1, the data gives 1.118",
  ]);
  expect(await messages(() => {})).toEqual([]);
});

test("statistics are recomputed and written, and what changes is told", async () => {
  const root = await recorded([4, 3], { camera: { dtype: "image", shape: [2, 4, 3], names: null } });
  const whole = JSON.parse(readFileSync(join(root, "meta/stats.json"), "utf8"));
  edit(root, "meta/stats.json", ({ action }) => {
    action.mean[1] = 7;
  });
  await reading(root, async (dataset) => {
    const before = await dataset.stats();
    const episodes = await recomputeStats(dataset);
    expect(statsChanges(before, totalStats(dataset, episodes))).toEqual([
      { feature: "action", measure: "mean", at: 1, before: 7, after: whole.action.mean[1] },
    ]);
    await writeStats(dataset, episodes);
  });
  expect(JSON.parse(readFileSync(join(root, "meta/stats.json"), "utf8"))).toEqual(whole);
});

test("the statistics of each episode are rewritten too, the other columns of the list stay", async () => {
  const root = await recorded([4, 3], { camera: { dtype: "image", shape: [2, 4, 3], names: null } });
  const path = join(root, episodesPath);
  const listed = async () => {
    const file = await openParquet(path);
    const found = new Map<string, unknown[]>();
    for (const name of file.columns.keys()) found.set(name, Array.from(await file.values(name)));
    await file.close();
    return found;
  };
  const right = await listed();
  await rewrite(path, (columns) =>
    columns
      .filter(({ name }) => name !== "stats/camera/std")
      .map((column) => (column.name === "stats/action/mean" ? { ...column, values: [[9, 9], []] } : column)),
  );
  await reading(root, async (dataset) => void (await writeStats(dataset, await recomputeStats(dataset))));
  const mended = await listed();
  expect([...mended.keys()].sort()).toEqual([...right.keys()].sort());
  for (const [name, values] of right) expect(mended.get(name), name).toEqual(values);
  expect(await validateDataset(root)).toEqual([]);
});

test("export to v2.1 refuses impossible timestamps, and repair replaces them", async () => {
  const root = await recorded([3]);
  await rewrite(join(root, dataPath), (columns) =>
    columns.map((column) => (column.name === "timestamp" ? { ...column, values: [0, 0.1, 7] } : column)),
  );
  await reading(root, (dataset) =>
    expect(exportVersion21(dataset, fresh())).rejects.toThrow("more than half a frame from frame / fps; --repair"),
  );
  const target = fresh();
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const options = { repair: true };
  await reading(root, (dataset) => exportVersion21(dataset, target, { ...options, onNote }), options);
  expect(notes).toEqual([expect.stringContaining("timestamps were more than half a frame from frame / fps")]);
  await reading(target, async (copy) =>
    expect((await copy.columns(0)).get("timestamp")!.data).toEqual(Float32Array.of(0, 0.1, 0.2)),
  );
});

test("statistics of pictures are compared with sampled frames", async () => {
  const root = await recorded([10], { camera: { dtype: "image", shape: [2, 4, 3], names: null } });
  edit(root, "meta/stats.json", ({ camera }) => {
    camera.std = [[[0.0038]], [[0.5]], [[0.5]]];
    camera.mean = [[[0.9]], [[0.9]], [[0.9]]];
    camera.max = [[[1]], [[1]], [[1]]];
  });
  expect(await validateDataset(root)).toMatchObject([
    { severity: "warning", column: "camera", message: expect.stringMatching(/mean is 0\.9 .* gives 0\.1765/) },
  ]);
});

test("statistics without count, and with NaN, are read", async () => {
  const root = await recorded([2, 2]);
  const path = join(root, "meta/stats.json");
  edit(root, "meta/stats.json", ({ action }) => delete action.count);
  writeFileSync(path, readFileSync(path, "utf8").replace(/"mean":\[[^\]]*\]/, '"mean":[NaN,-Infinity]'));
  await reading(root, async (dataset) => {
    const action = [...(await dataset.stats())].find(([, { mean }]) => Number.isNaN(mean![0]))![1];
    expect(action.mean![1]).toBe(-Infinity);
    expect((await dataset.stats()).get("action")!.count).toBeUndefined();
  });
});

test("paths and links stay inside the dataset", async () => {
  const root = await recorded([2], { camera: { dtype: "video", shape: [32, 64, 3], names: null } });
  const secret = fresh();
  cpSync(join(root, "videos"), secret, { recursive: true });
  for (const path of ["../secret.mp4", "/etc/passwd", "videos/../../secret.mp4"]) {
    edit(root, "meta/info.json", (info) => {
      info.video_path = path;
    });
    await reading(root, async (dataset) => {
      await expect(dataset.frames(0, "camera", [0])).rejects.toThrow("expected a path inside the dataset");
      await expect(convertDataset(dataset, fresh())).rejects.toThrow("expected a path inside the dataset");
    });
    expect(await errors(root)).toEqual([expect.stringContaining("expected a path inside the dataset")]);
  }
  edit(root, "meta/info.json", (info) => {
    info.video_path = null;
  });
  expect(await errors(root)).toEqual([expect.stringContaining("video_path says nowhere")]);
  edit(root, "meta/info.json", (info) => {
    info.data_path = "/etc/passwd";
  });
  await expect(openDataset(root)).rejects.toThrow("expected a path inside the dataset");
  const linked = await recorded([2]);
  rmSync(join(linked, "data"), { recursive: true });
  symlinkSync(join(root, "data"), join(linked, "data"));
  await expect(openDataset(linked)).rejects.toThrow("got a link to");
});

test("links of a Hugging Face cache lead to its blobs", async () => {
  const root = await recorded([2]);
  const repository = fresh();
  mkdirSync(join(repository, "blobs"), { recursive: true });
  const snapshot = join(repository, "snapshots", "main");
  cpSync(root, snapshot, { recursive: true });
  for (const [at, file] of [dataPath, "meta/info.json", episodesPath, "meta/tasks.parquet"].entries()) {
    cpSync(join(root, file), join(repository, "blobs", `${at}`));
    rmSync(join(snapshot, file));
    symlinkSync(join(repository, "blobs", `${at}`), join(snapshot, file));
  }
  expect(await validateDataset(snapshot)).toEqual([]);
});

test("a length that no file can hold is refused at once", async () => {
  const root = await recorded([3]);
  await rewrite(join(root, episodesPath), (columns) =>
    columns.map((column) =>
      column.name === "length" || column.name === "dataset_to_index" ? { ...column, values: [1_000_000_000n] } : column,
    ),
  );
  const start = performance.now();
  await expect(openDataset(root)).rejects.toThrow("too small to hold 1000000000 frames");
  expect((await errors(root)).join("\n")).toContain("expected rows 0 to 1000000000, the file has 3");
  expect(performance.now() - start).toBeLessThan(30_000);
});

test("a list of tasks longer than any dataset's, and a shape that no frame bears out, are refused", async () => {
  const root = await recorded([2]);
  const many = 2 ** 18 + 1;
  const path = join(root, "meta/tasks.parquet");
  rmSync(path);
  writeTable(path, [
    { ...scalars("task_index", "int64", []), values: BigInt64Array.from({ length: many }, (_, at) => BigInt(at)) },
    scalars("task", "string", new Array(many).fill("t")),
  ]);
  await expect(openDataset(root)).rejects.toThrow(`expected at most ${many - 1} tasks, got ${many}`);
  const wide = await recorded([2]);
  edit(wide, "meta/info.json", (info) => {
    info.features.action.shape = [1_000_000_000];
  });
  await reading(wide, (dataset) =>
    expect(dataset.columns(0)).rejects.toThrow("expected shape [1000000000], got 2 values"),
  );
});

test("depth pictures are metres, and survive convert and export bit for bit", async () => {
  const millimetres = Uint16Array.of(500, 1000, 1500, 2000, 2500, 65535, 1, 0);
  const tiff = await sharp(millimetres, { raw: { width: 4, height: 2, channels: 1 } })
    .toColourspace("grey16")
    .tiff({ compression: "none" })
    .toBuffer();
  const depth: Feature = {
    dtype: "image",
    shape: [2, 4, 1],
    names: ["height", "width", "channels"],
    info: { is_depth_map: true, depth_unit: "mm" },
  };
  const root = fresh();
  const writer = await createWriter(root, { fps: 10, features: { action: vector, depth } });
  await writer.appendEpisode({
    length: 1,
    tasks: ["t"],
    columns: new Map([["action", { ...vector, data: Float32Array.of(1, 2) }]]),
    pictures: new Map([["depth", [tiff]]]),
    videos: new Map(),
    cameraStats: new Map(),
    carried: [],
    extra: {},
  });
  await writer.close();
  const target = fresh();
  await reading(root, async (dataset) => {
    expect([dataset.cameras, dataset.depthCameras]).toEqual([[], ["depth"]]);
    const [map] = await dataset.depth(0, "depth", [0]);
    expect(map).toEqual({ width: 4, height: 2, data: Float32Array.from(millimetres, (value) => value * 0.001) });
    await expect(dataset.frames(0, "depth", [0])).rejects.toThrow("read it with depth()");
    await convertDataset(dataset, target);
  });
  expect(await errors(target)).toEqual([]);
  const target21 = fresh();
  await reading(target, (copy) => exportVersion21(copy, target21));
  for (const copied of [target, target21])
    await reading(copied, async (copy) => {
      const { values } = await copy.raw(0, "depth");
      expect(Buffer.from((values[0] as { bytes: Uint8Array }).bytes).equals(tiff)).toBe(true);
      expect(copy.features.get("depth")).toEqual(depth);
    });
  await reading(target, async (copy) => {
    expect((await copy.stats()).get("depth")).toMatchObject({ min: [0], max: [65535] });
  });
});

test("codes of depth video are LeRobot's: 0 and 4095 are depth_min and depth_max, logarithmic between", () => {
  const encoding = { unit: 0.001, min: 0.01, max: 10, shift: 3.5, useLog: true };
  expect(metresOfCode(0, encoding)).toBeCloseTo(0.01, 12);
  expect(metresOfCode(4095, encoding)).toBeCloseTo(10, 12);
  // exp((log 3.51 + log 13.5) / 2) − 3.5, halfway at code 2047.5
  expect(metresOfCode(2047.5, encoding)).toBeCloseTo(Math.sqrt(3.51 * 13.5) - 3.5, 12);
  expect(metresOfCode(2047.5, { ...encoding, useLog: false })).toBeCloseTo(5.005, 12);
});

test("what pistar does not know in meta/ and info.json survives every copy, labels too", async () => {
  const root = await recorded([2, 2]);
  edit(root, "meta/info.json", (info) => {
    info.tools = [{ name: "gripper" }];
  });
  writeFileSync(join(root, "meta/subtasks.parquet"), "any bytes");
  mkdirSync(join(root, "meta/notes"));
  writeFileSync(join(root, "meta/notes/a.txt"), "note");
  const ints = (...values: number[]) => Int32Array.from(values);
  const returns = { return: Float32Array.of(-2, -1), reward: Float32Array.of(0, 0), prompt: ["a", "b"] };
  await writeLabels(root, "returns", "mc", { episode_index: ints(0, 1), frame_index: ints(1, 0), ...returns });
  const [target, target21] = [fresh(), fresh()];
  await reading(root, (dataset) => convertDataset(dataset, target));
  await reading(target, (dataset) => exportVersion21(dataset, target21));
  for (const copy of [target, target21]) {
    expect(JSON.parse(readFileSync(join(copy, "meta/info.json"), "utf8")).tools).toEqual([{ name: "gripper" }]);
    expect(readFileSync(join(copy, "meta/subtasks.parquet"), "utf8")).toBe("any bytes");
    expect(readFileSync(join(copy, "meta/notes/a.txt"), "utf8")).toBe("note");
    expect((await readLabels(copy, "returns", "mc")).return).toEqual(Float32Array.of(-2, -1));
  }
});

test("openpi's names are read as LeRobot's, by themselves or as told", async () => {
  const root = fresh();
  const writer = await createWriter(root, {
    fps: 10,
    features: { state: vector, actions: vector, image: { dtype: "image", shape: [2, 4, 3], names: null } },
  });
  await writer.addFrame({ state: [1, 2], actions: [3, 4], image: picture(5) }, "t");
  await writer.saveEpisode();
  await writer.close();
  await reading(
    root,
    async (dataset) => {
      expect([...dataset.features.keys()].slice(0, 3)).toEqual([
        "observation.state",
        "action",
        "observation.images.image",
      ]);
      expect((await dataset.columns(0, ["action"])).get("action")!.data).toEqual(Float32Array.of(3, 4));
      expect(await dataset.frames(0, "observation.images.image", [0])).toEqual([picture(5)]);
      expect((await dataset.stats()).get("observation.state")!.mean).toEqual([1, 2]);
    },
    { usualNames: true },
  );
  const target = fresh();
  const rename = { rename: { state: "observation.state", image: "observation.images.top" } };
  await reading(root, (dataset) => convertDataset(dataset, target), rename);
  expect(await validateDataset(target)).toEqual([]);
  await reading(target, async ({ features }) =>
    expect([...features.keys()].slice(0, 3)).toEqual(["observation.state", "actions", "observation.images.top"]),
  );
  await expect(openDataset(root, { rename: { nothing: "x" } })).rejects.toThrow('got "nothing"');
  await expect(openDataset(root, { rename: { state: "actions" } })).rejects.toThrow("would stand for two columns");
});

test("a git-LFS pointer, a web page or an empty file in place of data is named", async () => {
  const root = await recorded([2], { camera: { dtype: "video", shape: [32, 64, 3], names: null } });
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
  writeFileSync(join(root, "videos/camera/chunk-000/file-000.mp4"), "<!DOCTYPE html><html></html>");
  await reading(root, (dataset) => expect(dataset.frames(0, "camera", [0])).rejects.toThrow("got a web page"));
  writeFileSync(join(root, dataPath), pointer);
  await reading(root, (dataset) => expect(dataset.columns(0)).rejects.toThrow("git lfs pull"));
  writeFileSync(join(root, episodesPath), "");
  await expect(openDataset(root)).rejects.toThrow("got an empty file");
  writeFileSync(join(root, "meta/info.json"), pointer);
  await expect(openDataset(root)).rejects.toThrow("git lfs pull");
});

test("metadata without data opens and says what is missing", async () => {
  const root = await recorded([2, 3], { camera: { dtype: "video", shape: [32, 64, 3], names: null } });
  rmSync(join(root, "data"), { recursive: true });
  rmSync(join(root, "videos"), { recursive: true });
  await reading(
    root,
    async (dataset) => {
      expect(dataset.episodes.map(({ length }) => length)).toEqual([2, 3]);
      expect(dataset.missingFiles()).toEqual([dataPath, "videos/camera/chunk-000/file-000.mp4"]);
    },
    { lenient: true },
  );
  rmSync(join(root, "meta/episodes"), { recursive: true });
  await reading(root, async ({ problems }) => expect(problems[0]).toContain("expected the list of episodes"), {
    lenient: true,
  });
});

test("too small a total_episodes drops nothing in silence, a deleted episode is told with the right count", async () => {
  const root = await recorded([2, 2, 2]);
  edit(root, "meta/info.json", (info) => {
    info.total_episodes = 2;
  });
  await expect(openDataset(root)).rejects.toThrow("info.json counts 2 episodes, meta lists 3");
  expect(await errors(root)).toContain("total_episodes is 2, the dataset has 3");
  await reading(root, async ({ episodes }) => expect(episodes).toHaveLength(3), { lenient: true });
  const gap = await recorded([2, 2, 2]);
  await rewrite(join(gap, episodesPath), (columns) =>
    columns.map((column) => ({ ...column, values: [0, 2].map((row) => (column.values as unknown[])[row]) })),
  );
  expect(await errors(gap)).toEqual(
    expect.arrayContaining(["total_episodes is 3, the dataset has 2", "episode 1 is missing before it"]),
  );
});

test("tasks that contradict task_index, times off by a frame, recorded times: each with its severity", async () => {
  const root = await recorded([3]);
  await rewrite(join(root, episodesPath), (columns) =>
    columns.map((column) => (column.name === "tasks" ? { ...column, values: [["task 9"]] } : column)),
  );
  expect(await validateDataset(root)).toMatchObject([
    { severity: "warning", message: 'task "task 9" is not in the list of tasks' },
    { severity: "warning", message: 'frames have the task "task 0", the list of episodes does not' },
  ]);
  const timed = async (times: readonly number[]) => {
    const copy = await recorded([3]);
    await rewrite(join(copy, dataPath), (columns) =>
      columns.map((column) => (column.name === "timestamp" ? { ...column, values: [...times] } : column)),
    );
    return copy;
  };
  const timing = async (root: string) =>
    (await validateDataset(root))
      .filter(({ file, column }) => file === dataPath && column === "timestamp")
      .map(({ severity }) => severity);
  expect(await timing(await timed([0, 0.1, 0.3]))).toEqual(["note"]);
  expect(await timing(await timed([0, 0.5, 0.2]))).toEqual(["error"]);
  const real = await timed([0, 0.11, 0.21]);
  expect(await timing(real)).toEqual(["note"]);
  const [target, notes] = [fresh(), [] as string[]];
  await reading(real, (dataset) => convertDataset(dataset, target, { onNote: (note) => notes.push(note) }));
  expect(notes).toEqual([expect.stringContaining("kept as recorded")]);
  await reading(target, async (copy) =>
    expect((await copy.columns(0)).get("timestamp")!.data).toEqual(Float32Array.of(0, 0.11, 0.21)),
  );
  await reading(await timed([0, 0.5, 0.2]), (dataset) =>
    expect(convertDataset(dataset, fresh())).rejects.toThrow("--repair replaces them"),
  );
});

test("29.97 frames a second are converted, video included", async () => {
  const root = await recorded([6, 5], { camera: { dtype: "video", shape: [32, 64, 3], names: null } }, 29.97);
  const target = fresh();
  await reading(root, (dataset) => convertDataset(dataset, target));
  expect(await validateDataset(target)).toEqual([]);
  await reading(target, async (copy) => {
    expect(copy.fps).toBe(29.97);
    expect(await copy.frames(1, "camera", [4])).toHaveLength(1);
  });
});

test("what pistar records converts to v2.1: bigints as numbers, floats as floats", async () => {
  const root = await recorded([2, 2]);
  const target = fresh();
  await reading(root, (dataset) => exportVersion21(dataset, target));
  const lines = readFileSync(join(target, "meta/episodes.jsonl"), "utf8").split("\n");
  expect(lines[1]).toContain('"episode_seed":1,"score":1.0');
  expect(readFileSync(join(target, "meta/episodes_stats.jsonl"), "utf8")).toContain(
    '"action":{"min":[0.0,0.0],"max":[0.0,1.0]',
  );
  expect(await validateDataset(target)).toEqual([]);
  const path = join(target, "meta/episodes_stats.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace(/\b0\.0(?=[,\]])/g, "0"));
  expect(await validateDataset(target)).toMatchObject([
    { severity: "warning", message: expect.stringContaining("floats are written as integers") },
  ]);
});

test("a copy that fails leaves nothing, and one killed before leaves no trace in the next", async () => {
  const root = await recorded([2, 2]);
  const target = fresh();
  mkdirSync(`${target}.unfinished`);
  writeFileSync(join(`${target}.unfinished`, "left"), "");
  truncateSync(join(root, dataPath), 200);
  await reading(root, (dataset) => expect(convertDataset(dataset, target)).rejects.toThrow("truncated"));
  expect(readdirSync(folder).filter((name) => name.includes("unfinished"))).toEqual([]);
});
