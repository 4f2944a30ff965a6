import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readLabels, writeLabels } from "../../src/data/index.ts";
import { shuffleLabels } from "../../src/train/index.ts";
import { tinyDataset } from "./tiny-dataset.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-shuffle-labels-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("random labels keep the share of each source, and corrections as they are", async () => {
  // Episode 0 succeeds; episode 1 fails, its first 4 frames are corrections.
  await tinyDataset(folder, { episodes: 2, corrected: 4, lengths: [10, 12] });
  const rows = 22;
  const zeros = () => new Float32Array(rows);
  const labels = {
    episode_index: Int32Array.from({ length: rows }, (_, row) => Number(row >= 10)),
    frame_index: Int32Array.from({ length: rows }, (_, row) => (row < 10 ? row : row - 10)),
    // Positive: frames 0 to 2 of episode 0, the corrections, and no other.
    advantage: Uint8Array.from({ length: rows }, (_, row) => Number(row < 3 || (row >= 10 && row < 14))),
    advantage_continuous: Float32Array.from({ length: rows }, (_, row) => row),
    value_current: zeros(),
    value_next: zeros(),
    reward_sum: zeros(),
    reward_sum_raw: zeros(),
    num_valid_rewards: new Int32Array(rows),
  };
  await writeLabels(folder, "advantages", "real", labels);
  const changed = await shuffleLabels({ dataset: folder, from: "real", tag: "random", seed: 1, among: "frames" });
  const random = await readLabels(folder, "advantages", "random");
  const sum = (from: number, to: number) => random.advantage.subarray(from, to).reduce((a, b) => a + b, 0);
  expect(Array.from(random.advantage.subarray(10, 14))).toEqual([1, 1, 1, 1]);
  // The other 18 frames have one source: 3 of them are positive, and not the same 3.
  expect(sum(0, 10) + sum(14, rows)).toBe(3);
  expect(sum(0, 3)).toBeLessThan(3);
  expect(changed * rows).toBeCloseTo(2 * (3 - sum(0, 3)), 9);
  expect(random.advantage_continuous).toEqual(labels.advantage_continuous);
  await shuffleLabels({ dataset: folder, from: "real", tag: "again", seed: 1, among: "frames" });
  expect((await readLabels(folder, "advantages", "again")).advantage).toEqual(random.advantage);
  await shuffleLabels({ dataset: folder, from: "real", tag: "other", seed: 2, among: "frames" });
  expect((await readLabels(folder, "advantages", "other")).advantage).not.toEqual(random.advantage);
});

test("labels of other episodes keep their time within the episode, and corrections as they are", async () => {
  const root = join(folder, "episodes");
  // Odd episodes fail; their first 2 frames are corrections.
  const lengths = [8, 10, 8, 10, 16];
  await tinyDataset(root, { episodes: 5, corrected: 2, lengths });
  const episode_index = Int32Array.from(lengths.flatMap((length, episode) => new Array<number>(length).fill(episode)));
  const frame_index = Int32Array.from(lengths.flatMap((length) => [...new Array(length).keys()]));
  const zeros = () => new Float32Array(episode_index.length);
  await writeLabels(root, "advantages", "real", {
    episode_index,
    frame_index,
    // The first half of episode 2, and the corrections.
    advantage: Uint8Array.from(episode_index, (episode, row) =>
      Number((episode === 2 && frame_index[row]! < 4) || (episode % 2 === 1 && frame_index[row]! < 2)),
    ),
    advantage_continuous: zeros(),
    value_current: zeros(),
    value_next: zeros(),
    reward_sum: zeros(),
    reward_sum_raw: zeros(),
    num_valid_rewards: new Int32Array(episode_index.length),
  });
  await shuffleLabels({ dataset: root, from: "real", tag: "others", seed: 3, among: "episodes" });
  const { advantage } = await readLabels(root, "advantages", "others");
  const of = (episode: number) => [...advantage].filter((_, row) => episode_index[row] === episode);
  expect(of(2)).toEqual(new Array(8).fill(0));
  for (const corrected of [1, 3]) expect(of(corrected).slice(0, 2)).toEqual([1, 1]);
  // One other episode has taken the labels over: half of its frames, the corrections aside, are positive, at its beginning.
  const free = [0, 1, 3, 4].map((episode) => of(episode).slice(episode % 2 === 1 ? 2 : 0));
  const taken = free.filter((frames) => frames.includes(1));
  expect(taken).toHaveLength(1);
  const half = taken[0]!.length / 2;
  expect(taken[0]).toEqual([...new Array(half).fill(1), ...new Array(half).fill(0)]);
});
