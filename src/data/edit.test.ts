// Edits of small datasets: which frames the new dataset has, what follows them, and that the source stays as it is.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentsOf } from "./content.ts";
import { type CopyOptions, copyEpisodes, type Piece } from "./copy.ts";
import { type LeRobotDataset, openDataset } from "./dataset.ts";
import {
  checkDropped,
  episodeList,
  mergedPieces,
  partsByShare,
  piecesOf,
  unreadable,
  withCut,
  withOutcomes,
  withoutEpisodes,
} from "./edit.ts";
import { readLabels, writeLabels } from "./labels.ts";
import { episodeSuccess } from "./recording.ts";
import type { Image } from "./types.ts";
import { validateDataset } from "./validate/validate.ts";
import { createWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-edit-"));
let source: LeRobotDataset;
let before: string;
const files = () =>
  readdirSync(source.root, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(source.root.length + 1)] : [],
  );
const state = async () => JSON.stringify(await contentsOf(source.root, files().sort()));

function picture(value: number): Image {
  return { width: 64, height: 32, data: new Uint8Array(64 * 32 * 3).fill(value) };
}

/** Four episodes of 3, 4, 5 and 6 frames, actions [episode, frame], a video whose grey is 40 · episode + 6 · frame. */
async function record(root: string, fps = 10): Promise<void> {
  const features = {
    action: { dtype: "float32", shape: [2], names: null },
    video: { dtype: "video", shape: [32, 64, 3], names: null },
  };
  const writer = await createWriter(root, { fps, features, video: { codec: "h264", crf: 1 } });
  for (const episode of [0, 1, 2, 3]) {
    for (let frame = 0; frame < 3 + episode; frame++)
      await writer.addFrame({ action: [episode, frame], video: picture(40 * episode + 6 * frame) }, `task ${episode}`);
    await writer.saveEpisode(episodeSuccess(episode !== 1));
  }
  await writer.close();
}

beforeAll(async () => {
  const root = join(folder, "source");
  await record(root);
  const keys = [0, 1, 2, 3].flatMap((episode) => Array.from({ length: 3 + episode }, (_, frame) => [episode, frame]));
  await writeLabels(root, "returns", "mc", {
    episode_index: Int32Array.from(keys, ([episode]) => episode!),
    frame_index: Int32Array.from(keys, ([, frame]) => frame!),
    return: Float32Array.from(keys, ([episode, frame]) => -(10 * episode! + frame!)),
    reward: new Float32Array(keys.length),
    prompt: keys.map(([episode]) => `task ${episode}`),
  });
  source = await openDataset(root);
  before = await state();
}, 60_000);
afterAll(async () => {
  expect(await state()).toBe(before);
  await source.close();
  rmSync(folder, { recursive: true });
});

let made = 0;

/** Makes the dataset, checks that nothing is wrong with it, and returns its actions and its grey values by episode. */
async function edited(pieces: readonly Piece[], options: CopyOptions = {}) {
  const root = join(folder, String(made++));
  await copyEpisodes(pieces, root, options);
  expect(await validateDataset(root)).toEqual([]);
  const copy = await openDataset(root);
  const episodes = [];
  for (const { index, length, tasks, extra } of copy.episodes) {
    const data = (await copy.columns(index, ["action"])).get("action")!.data as Float32Array;
    const every = Array.from({ length }, (_, frame) => frame);
    const grey =
      copy.cameras.length > 0 ? (await copy.frames(index, "video", every)).map((image) => image.data[0]!) : [];
    episodes.push({ actions: every.map((frame) => [data[2 * frame], data[2 * frame + 1]]), tasks, extra, grey });
  }
  await copy.close();
  return { root, episodes };
}

const rows = (episode: number, from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => [episode, from + at]);

test("lists of episodes", () => {
  expect(episodeList(["3", "5-7", "0,5"])).toEqual([0, 3, 5, 6, 7]);
  for (const wrong of ["a", "3-1", "-1", "1.5", ""])
    expect(() => episodeList([wrong])).toThrow("expected episodes such as");
});

test("delete and keep: episodes are numbered anew, labels and pictures follow", async () => {
  const { root, episodes } = await edited(withoutEpisodes(source, [0, 2]));
  expect(episodes.map(({ actions, tasks }) => [actions, tasks])).toEqual([
    [rows(1, 0, 4), ["task 1"]],
    [rows(3, 0, 6), ["task 3"]],
  ]);
  for (const [at, grey] of episodes[1]!.grey.entries()) expect(Math.abs(grey - (120 + 6 * at))).toBeLessThan(4);
  const labels = await readLabels(root, "returns", "mc");
  expect([...labels.episode_index]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  expect([...labels.return]).toEqual([-10, -11, -12, -13, -30, -31, -32, -33, -34, -35]);
  expect((await edited(piecesOf(source, [2]))).episodes.map(({ actions }) => actions)).toEqual([rows(2, 0, 5)]);
  expect(() => withoutEpisodes(source, [4])).toThrow("expected one of its 4 episodes, got 4");
  await expect(copyEpisodes(withoutEpisodes(source, [0, 1, 2, 3]), join(folder, "none"))).rejects.toThrow("got none");
}, 60_000);

test("shares split the episodes in order", () => {
  const parts = partsByShare(source, [0.5, 0.25, 0.25]).map((part) => part.map(({ episode }) => episode));
  expect(parts).toEqual([[0, 1], [2], [3]]);
  expect(() => partsByShare(source, [0.8, 0.3])).toThrow("make at most 1");
});

test("a cut at a key frame copies the video, one between is encoded anew, labels follow", async () => {
  for (const from of [2, 1]) {
    const { root, episodes } = await edited(withCut(piecesOf(source, [3]), 3, from, 5));
    expect(episodes[0]!.actions).toEqual(rows(3, from, 5));
    for (const [at, grey] of episodes[0]!.grey.entries())
      expect(Math.abs(grey - (120 + 6 * (from + at)))).toBeLessThan(8);
    const { frame_index, return: returns } = await readLabels(root, "returns", "mc");
    expect([...frame_index]).toEqual(rows(3, 0, 5 - from).map(([, frame]) => frame));
    expect(returns[0]).toBe(-(30 + from));
  }
  await expect(copyEpisodes(withCut(piecesOf(source), 3, 4, 9), join(folder, "x"))).rejects.toThrow("within 0 to 6");
}, 60_000);

test("merge joins datasets that fit, and says in what others do not", async () => {
  const root = join(folder, "other");
  await record(root);
  const other = await openDataset(root);
  const { episodes } = await edited(mergedPieces([source, other]));
  expect(episodes.map(({ actions }) => actions.length)).toEqual([3, 4, 5, 6, 3, 4, 5, 6]);
  await other.close();
  const faster = join(folder, "faster");
  const writer = await createWriter(faster, {
    fps: 20,
    features: { action: { dtype: "float32", shape: [3], names: null } },
  });
  await writer.addFrame({ action: [1, 2, 3] }, "t");
  await writer.saveEpisode();
  await writer.close();
  const unlike = await openDataset(faster);
  expect(() => mergedPieces([source, unlike])).toThrow(
    /fps is 20, expected 10; "action" is float32 \[3\], expected float32 \[2\]; "video" is missing/,
  );
  await unlike.close();
}, 60_000);

test("outcomes are set and cleared, cameras are dropped", async () => {
  const outcomes = new Map<number, "success" | "failure" | null>([
    [0, "failure"],
    [3, null],
  ]);
  const { episodes } = await edited(withOutcomes(piecesOf(source), outcomes), { without: ["video"] });
  expect(episodes.map(({ extra }) => extra.episode_success)).toEqual(["failure", "failure", "success", undefined]);
  expect(episodes.every(({ grey }) => grey.length === 0)).toBe(true);
  expect(() => checkDropped(source, ["timestamp"])).toThrow('among action, video, got "timestamp"');
}, 60_000);

test("an episode of which a picture cannot be read is found and left out", async () => {
  const root = join(folder, "damaged");
  await record(root);
  const path = join(root, "videos/video/chunk-000/file-000.mp4");
  const bytes = readFileSync(path);
  bytes.fill(0, bytes.length - 400); // the last frames
  writeFileSync(path, bytes);
  const damaged = await openDataset(root, { lenient: true });
  expect(await unreadable(damaged, 0)).toBeUndefined();
  expect(await unreadable(damaged, 3)).toContain("file-000.mp4");
  await damaged.close();
}, 60_000);
