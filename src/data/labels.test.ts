import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import { mergedPieces, piecesOf } from "./edit.ts";
import { type AdvantageLabels, listLabels, readLabels, writeLabels } from "./labels.ts";
import { actedPieces, materialize } from "./materialize.ts";
import { openParquet } from "./parquet-file.ts";
import { episodeSuccess, nobody, recordingFeatures } from "./recording.ts";
import { validateDataset } from "./validate/validate.ts";
import { createWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-labels-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(folder, "source");

beforeAll(async () => {
  const features = { action: { dtype: "float32", shape: [1], names: null }, ...recordingFeatures };
  const writer = await createWriter(root, { fps: 10, features });
  for (const episode of [0, 1]) {
    for (const frame of [0, 1, 2])
      await writer.addFrame(
        {
          action: frame,
          "next.reward": frame === 2 ? 0 : -1,
          "next.done": frame === 2,
          "complementary_info.is_intervention": frame === 1 ? 1 : 0,
          "complementary_info.collector_policy_id": "step-100",
        },
        "fold",
      );
    await writer.saveEpisode(episodeSuccess(episode === 0));
  }
  await writer.close();
});

const count = 6;
const labels: AdvantageLabels = {
  episode_index: Int32Array.of(1, 1, 1, 0, 0, 0),
  frame_index: Int32Array.of(0, 1, 2, 0, 1, 2),
  advantage: Uint8Array.of(0, 1, 0, 1, 1, 0),
  advantage_continuous: Float32Array.of(-0.5, 0.25, 0, 1, 0.5, -1),
  value_current: Float32Array.of(-0.1, -0.2, -0.3, -0.4, -0.5, -0.6),
  value_next: new Float32Array(count),
  reward_sum: new Float32Array(count),
  reward_sum_raw: new Float32Array(count),
  num_valid_rewards: new Int32Array(count).fill(3),
};

test("the recording columns and the episode's success are read back", async () => {
  const dataset = await openDataset(root);
  const columns = await dataset.columns(0);
  expect(Array.from(columns.get("next.done")!.data as Uint8Array)).toEqual([0, 0, 1]);
  expect(Array.from(columns.get("next.reward")!.data as Float32Array)).toEqual([-1, -1, 0]);
  expect(columns.get("complementary_info.collector_policy_id")!.data).toEqual(["step-100", "step-100", "step-100"]);
  expect(dataset.episodes.map(({ extra }) => extra)).toEqual([
    { episode_success: "success" },
    { episode_success: "failure" },
  ]);
  await dataset.close();
});

test("labels lie beside the data under RLinf's names and leave the data files as they are", async () => {
  const data = join(root, "data/chunk-000/file-000.parquet");
  const before = readFileSync(data);
  await writeLabels(root, "advantages", "iter1", labels);
  const returns = {
    episode_index: Int32Array.of(0),
    frame_index: Int32Array.of(1),
    return: Float32Array.of(-1),
    reward: Float32Array.of(-1),
    prompt: ["fold"],
  };
  await writeLabels(root, "returns", "mc", returns);
  expect(readFileSync(data).equals(before)).toBe(true);
  expect(listLabels(root, "advantages")).toEqual(["iter1"]);
  expect(await readLabels(root, "advantages", "iter1")).toEqual(labels);
  expect(await readLabels(root, "returns", "mc")).toEqual(returns);
  const file = await openParquet(join(root, "meta/advantages_iter1.parquet"));
  expect([...file.columns.keys()]).toEqual([
    "episode_index",
    "frame_index",
    "advantage",
    "advantage_continuous",
    "value_current",
    "value_next",
    "reward_sum",
    "reward_sum_raw",
    "num_valid_rewards",
  ]);
  await file.close();
  await writeLabels(root, "advantages", "iter1", { ...labels, advantage: new Uint8Array(count) });
  expect((await readLabels(root, "advantages", "iter1")).advantage).toEqual(new Uint8Array(count));
  await writeLabels(root, "advantages", "iter1", labels);
});

test("labels that do not fit are refused, and the earlier ones stay", async () => {
  const write = (change: Partial<AdvantageLabels>) =>
    writeLabels(root, "advantages", "iter1", { ...labels, ...change });
  await expect(write({ frame_index: Int32Array.of(0, 1, 3, 0, 1, 2) })).rejects.toThrow(
    "row 2: the dataset has no frame 3 of episode 1",
  );
  await expect(write({ frame_index: Int32Array.of(0, 1, 1, 0, 1, 2) })).rejects.toThrow(
    "row 2: episode 1, frame 1 is labelled twice",
  );
  await expect(write({ value_next: new Float32Array(5) })).rejects.toThrow(
    'column "value_next": expected 6 values, got 5',
  );
  await expect(write({ value_next: new Float32Array(6).fill(Number.NaN) })).rejects.toThrow(
    "expected a finite number, got NaN",
  );
  await expect(writeLabels(root, "advantages", "a/b", labels)).rejects.toThrow("tag: expected letters");
  await expect(readLabels(root, "returns", "none")).rejects.toThrow(
    'expected returns with the tag "none", it has mc; pistar label',
  );
  expect(await readLabels(root, "advantages", "iter1")).toEqual(labels);
});

test("materialize writes Evo-RL's columns, tagged instructions and the mirrored intervention", async () => {
  const source = await openDataset(root);
  await materialize(piecesOf(source), join(folder, "copy"), { advantages: "iter1" });
  expect(await validateDataset(join(folder, "copy"))).toEqual([]);
  const copy = await openDataset(join(folder, "copy"));
  const columns = await copy.columns(0);
  const values = (name: string) => Array.from(columns.get(name)!.data as Float32Array, Number);
  expect(values("complementary_info.acp_indicator")).toEqual([1, 1, 0]);
  expect(columns.get("complementary_info.acp_indicator")!.dtype).toBe("int64");
  expect(values("complementary_info.advantage")).toEqual([1, 0.5, -1]);
  expect(columns.get("complementary_info.value")!.data).toEqual(Float32Array.of(-0.4, -0.5, -0.6));
  expect(values("intervention")).toEqual([0, 1, 0]);
  expect(copy.features.get("intervention")!.dtype).toBe("bool");
  expect(values("task_index").map((task) => copy.tasks.get(task))).toEqual([
    "fold\nAdvantage: positive",
    "fold\nAdvantage: positive",
    "fold\nAdvantage: negative",
  ]);
  expect(copy.episodes[1]!.extra).toEqual({ episode_success: "failure" });
  await copy.close();

  await materialize(piecesOf(source), join(folder, "plain"), { advantages: "iter1", word: "none" });
  const plain = await openDataset(join(folder, "plain"));
  expect([...plain.tasks.values()]).toEqual(["fold"]);
  await plain.close();

  await writeLabels(
    root,
    "advantages",
    "part",
    Object.fromEntries(
      Object.entries(labels).map(([name, data]) => [name, data.slice(0, 4)]),
    ) as unknown as AdvantageLabels,
  );
  await expect(materialize(piecesOf(source), join(folder, "never"), { advantages: "part" })).rejects.toThrow(
    'advantages "part": episode 0, frame 1 has no label',
  );
  expect(existsSync(join(folder, "never"))).toBe(false);
  await source.close();
});

/** The instruction of each frame. */
async function instructions(root: string): Promise<(string | undefined)[]> {
  const dataset = await openDataset(root);
  const all: (string | undefined)[] = [];
  for (const { index } of dataset.episodes)
    for (const task of (await dataset.columns(index, ["task_index"])).get("task_index")!.data as BigInt64Array)
      all.push(dataset.tasks.get(Number(task)));
  await dataset.close();
  return all;
}

test("materialize says one word everywhere, puts datasets together, and leaves the word out by a seed", async () => {
  const [one, two] = [await openDataset(root), await openDataset(root)];
  const positive = "fold\nAdvantage: positive";
  await materialize(mergedPieces([one, two]), join(folder, "sft"), { word: "positive" });
  expect(await instructions(join(folder, "sft"))).toEqual(new Array(12).fill(positive));
  const dropped = async (name: string, seed: number) => {
    await materialize(mergedPieces([one, two]), join(folder, name), { word: "positive", dropout: 0.5, seed });
    return instructions(join(folder, name));
  };
  const first = await dropped("seed-1", 1);
  expect(new Set(first)).toEqual(new Set(["fold", positive]));
  expect(await dropped("seed-1-again", 1)).toEqual(first);
  expect(await dropped("seed-2", 2)).not.toEqual(first);
  await one.close();
  await two.close();
});

test("actedPieces leaves out the frames in which nobody acted", async () => {
  const features = { action: { dtype: "float32", shape: [1], names: null }, ...recordingFeatures };
  const paused = join(folder, "paused");
  const writer = await createWriter(paused, { fps: 10, features });
  for (const actors of [["a", "a"], ["a", nobody, nobody, "human", "human", nobody, "a"], [nobody]]) {
    for (const [frame, actor] of actors.entries())
      await writer.addFrame(
        {
          action: frame,
          "next.reward": -1,
          "next.done": frame === actors.length - 1,
          "complementary_info.is_intervention": Number(actor === "human"),
          "complementary_info.collector_policy_id": actor,
        },
        "fold",
      );
    await writer.saveEpisode(episodeSuccess(true));
  }
  await writer.close();
  const source = await openDataset(paused);
  const pieces = await actedPieces(piecesOf(source));
  expect(pieces.map(({ episode, from, to }) => [episode, from, to])).toEqual([
    [0, undefined, undefined],
    [1, 0, 1],
    [1, 3, 5],
    [1, 6, 7],
  ]);
  await materialize(pieces, join(folder, "acted"), {});
  const copy = await openDataset(join(folder, "acted"));
  const actions = await Promise.all(
    copy.episodes.map(async ({ index }) => [...((await copy.columns(index)).get("action")!.data as Float32Array)]),
  );
  expect(actions).toEqual([[0, 1], [0], [3, 4], [6]]);
  await copy.close();
  await source.close();
});
