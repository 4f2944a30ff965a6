// Each ill is made in a small dataset and found; a sound dataset is said to be fit.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type LeRobotDataset, openDataset } from "../dataset.ts";
import { writeLabels } from "../labels.ts";
import { episodeSuccess } from "../recording.ts";
import { createWriter } from "../writer.ts";
import { type DoctorOptions, examineDataset } from "./doctor.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

interface Recipe {
  readonly outcomes?: readonly (boolean | undefined)[];
  readonly lengths?: readonly number[];
  /** Action [2] of a frame. */
  readonly action?: (episode: number, frame: number) => readonly number[];
  /** Frames by which states follow actions. */
  readonly delay?: number;
  readonly frozen?: readonly number[];
}

const wave = (episode: number, frame: number) => [
  Math.sin(frame / 5 + episode),
  Math.cos(frame / 7 + 2 * episode) + 0.1 * Math.sin(frame),
];

async function recorded({ outcomes, lengths, action = wave, delay = 2, frozen = [] }: Recipe): Promise<string> {
  const root = join(folder, String(made++));
  const vector = { dtype: "float32", shape: [2], names: null };
  const features = {
    action: vector,
    "observation.state": vector,
    camera: { dtype: "image", shape: [2, 2, 3], names: null },
  };
  const writer = await createWriter(root, { fps: 10, features });
  const ends = outcomes ?? Array.from({ length: 12 }, (_, at) => at % 2 === 0);
  for (const [episode, success] of ends.entries()) {
    for (let frame = 0; frame < (lengths?.[episode] ?? 60); frame++) {
      const data = new Uint8Array(12).fill(frozen.includes(episode) ? 7 : frame);
      const state = action(episode, Math.max(0, frame - delay));
      const values = { action: [...action(episode, frame)], "observation.state": [...state] };
      await writer.addFrame({ ...values, camera: { width: 2, height: 2, data } }, "fold");
    }
    await writer.saveEpisode(success === undefined ? {} : episodeSuccess(success));
  }
  await writer.close();
  return root;
}

async function examined(root: string, options: DoctorOptions = {}) {
  const dataset: LeRobotDataset = await openDataset(root);
  try {
    const { fit, findings } = await examineDataset(dataset, options);
    const doubts = findings.filter(({ weight }) => weight !== "good");
    return { fit, doubts: doubts.map(({ text }) => text), mends: doubts.map(({ mend }) => mend), findings };
  } finally {
    await dataset.close();
  }
}

test("a sound dataset is fit, and its delay is measured", async () => {
  const { fit, doubts, findings } = await examined(await recorded({}));
  expect([fit, doubts]).toEqual(["yes", []]);
  expect(findings.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['Task "fold": 6 successes, 6 failures.', "States follow actions after 2 frames (200 ms)."]),
  );
});

test("outcomes: none said, no failure, no success", async () => {
  const silent = await examined(await recorded({ outcomes: [undefined, undefined] }));
  expect(silent.fit).toBe("no");
  expect(silent.doubts[0]).toContain("No episode says whether it succeeded");
  expect(silent.mends[0]).toContain("pistar dataset edit outcome");
  expect((await examined(await recorded({ outcomes: [true, true] }))).doubts[0]).toContain(
    "2 successes, 0 failures; without failures",
  );
  expect((await examined(await recorded({ outcomes: [false, false] }))).doubts[0]).toContain("nothing good to imitate");
});

test("ill episodes are named: odd lengths, no motion, jumps, repeats, frozen cameras", async () => {
  const lengths = [60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 4];
  const action = (episode: number, frame: number) => {
    if (episode === 1) return [0.5, 0.5];
    const [x, y] = wave(episode === 4 ? 3 : episode, frame);
    return episode === 6 && frame === 30 ? [-x!, 1.1] : [x!, y!];
  };
  const { fit, doubts } = await examined(await recorded({ lengths, action, frozen: [8] }));
  expect(fit).toBe("with care");
  expect(doubts.join("\n")).toMatch(/Episodes 11 are over four times as long or as short/);
  expect(doubts.join("\n")).toMatch(/Episodes 11 last less than half a second/);
  expect(doubts.join("\n")).toMatch(/Nothing moves in episodes 1\./);
  expect(doubts.join("\n")).toMatch(/jump by over half their range .* in episodes 6\./);
  expect(doubts.join("\n")).toMatch(/Episodes 4 repeat the actions/);
  expect(doubts.join("\n")).toMatch(/Camera "camera" shows one and the same picture throughout episodes 8\./);
  expect((await examined(await recorded({ delay: 9 }))).doubts[0]).toContain(
    "after 9 frames (900 ms); a policy must plan",
  );
});

test("labels: one word only, words by episode, words by phase, luck", async () => {
  const root = await recorded({});
  const label = async (
    tag: string,
    positive: (episode: number, frame: number) => boolean,
    known = new Float32Array(12 * 60),
  ) => {
    const keys = Array.from({ length: 12 * 60 }, (_, row) => [Math.floor(row / 60), row % 60] as const);
    const zeros = () => new Float32Array(keys.length);
    await writeLabels(root, "advantages", tag, {
      episode_index: Int32Array.from(keys, ([episode]) => episode),
      frame_index: Int32Array.from(keys, ([, frame]) => frame),
      advantage: Uint8Array.from(keys, ([episode, frame]) => Number(positive(episode, frame))),
      // Returns are 0 in even episodes and −1 in odd ones.
      advantage_continuous: known.map((value, row) => (known.some(Boolean) ? -(Math.floor(row / 60) % 2) - value : 0)),
      value_current: known,
      value_next: zeros(),
      reward_sum: zeros(),
      reward_sum_raw: zeros(),
      num_valid_rewards: new Int32Array(keys.length),
    });
    return examined(root, { labels: tag });
  };
  const all = await label("all", () => true);
  expect([all.fit, all.doubts[0]]).toEqual(["no", "100 % of the labelled frames are positive; the word says nothing."]);
  expect((await label("whole", (episode) => episode % 3 === 0)).doubts).toEqual([
    "100 % of what labels differ by is the episode: they judge whole episodes more than actions.",
  ]);
  expect((await label("end", (_, frame) => frame >= 40)).doubts).toEqual([
    "Positives by phase: first third 0 %, middle third 0 %, last third 100 %; labels follow the phase more than the action.",
  ]);
  const mixed = await label("mixed", (episode, frame) => (frame + episode) % 4 === 0);
  expect([mixed.fit, mixed.findings.some(({ text }) => text.startsWith("25 % of the labelled frames"))]).toEqual([
    "yes",
    true,
  ]);
  // Values that know a part of the outcome.
  const knowing = (share: number) =>
    Float32Array.from({ length: 12 * 60 }, (_, row) => -0.5 - share * ((Math.floor(row / 60) % 2) - 0.5));
  const even = (episode: number, frame: number) => (frame + episode) % 4 === 0;
  expect((await label("knowing", even, knowing(0.8))).doubts).toEqual([]);
  const lucky = await label("lucky", even, knowing(0.2));
  expect(lucky.doubts).toEqual([
    "At the same time of an episode, advantages differ by 0.40 and values by 0.10; the frames with the largest advantages were lucky more than good.",
  ]);
  expect(lucky.mends[0]).toContain("--lookahead 1 --positive-fraction 0.4");
});
