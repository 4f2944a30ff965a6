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
import { correlation, explained, linearlyExplained } from "./numbers.ts";

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
  /** Grey of a picture. */
  readonly light?: (episode: number, frame: number) => number;
}

const wave = (episode: number, frame: number) => [
  Math.sin(frame / 5 + episode),
  Math.cos(frame / 7 + 2 * episode) + 0.1 * Math.sin(frame),
];

const grey = (episode: number, frame: number) => (37 * frame + 101 * episode) % 256;

async function recorded({
  outcomes,
  lengths,
  action = wave,
  delay = 2,
  frozen = [],
  light = grey,
}: Recipe): Promise<string> {
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
      const data = new Uint8Array(12).fill(frozen.includes(episode) ? 7 : light(episode, frame));
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
  expect(doubts.join("\n")).toMatch(/Episodes 4 repeat the actions of an earlier episode \(4 those of 3\)/);
  expect(doubts.join("\n")).toMatch(
    /Camera "camera" shows one and the same picture while the robot moves, in episodes 8\./,
  );
  expect((await examined(await recorded({ delay: 9 }))).doubts[0]).toContain(
    "after 9 frames (900 ms); a policy must plan further ahead",
  );
});

test("a repeat is found at another speed, and with a pause", async () => {
  // Episode 5 is episode 2 at half the speed, episode 7 is it with a pause in the middle.
  const lengths = Array.from({ length: 12 }, (_, episode) => (episode === 5 ? 119 : episode === 7 ? 80 : 60));
  const action = (episode: number, frame: number) => {
    if (episode === 5) return wave(2, frame / 2);
    if (episode === 7) return wave(2, frame < 30 ? frame : Math.max(30, frame - 20));
    return wave(episode, frame);
  };
  const { doubts, mends } = await examined(await recorded({ lengths, action, outcomes: Array(12).fill(true) }));
  const at = doubts.findIndex((text) => text.includes("repeat the actions"));
  expect(doubts[at]).toContain("Episodes 5, 7 repeat the actions of an earlier episode (5 those of 2)");
  expect(mends[at]).toMatch(/edit delete .* --episodes 5,7$/);
});

test("a camera that stands still for a part of an episode froze, unless the robot stood still too", async () => {
  const light = (episode: number, frame: number) => (frame >= 20 && frame < 45 ? 10 : grey(episode, frame));
  const { doubts } = await examined(await recorded({ light }));
  expect(doubts).toEqual([
    expect.stringContaining("while the robot moves, in episodes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
  ]);
  const action = (episode: number, frame: number) => wave(episode, frame < 20 ? frame : Math.max(20, frame - 25));
  const still = await examined(await recorded({ light, action }));
  expect(still.doubts.join("\n")).not.toContain("one and the same picture");
});

test("an episode of another unit or another robot is told from the others of its task", async () => {
  const action = (episode: number, frame: number) => wave(episode, frame).map((x) => (episode === 3 ? 57.3 * x : x));
  const { doubts, mends } = await examined(await recorded({ action }));
  const at = doubts.indexOf("Episodes 3 move unlike the others of their task: their actions lie in another range.");
  expect(mends[at]).toMatch(/edit delete .* --episodes 3$/);
  // Beside its large numbers the others are not taken for repeats.
  expect(doubts.join("\n")).not.toContain("repeat");
});

test("every doubt names a command", async () => {
  const ill = await recorded({ outcomes: [true, true], lengths: [60, 3], delay: 12, frozen: [0] });
  const { doubts, mends } = await examined(ill);
  expect(doubts.length).toBeGreaterThan(3);
  for (const mend of mends) expect(mend).toMatch(/^pistar (dataset edit|train|value|label) /);
});

/**
 * Labels frames of twelve episodes of 60 frames, and examines them.
 * @param known values of all frames; returns are 0 in even episodes and −1 in odd ones
 */
async function labelled(
  root: string,
  tag: string,
  positive: (episode: number, frame: number) => boolean,
  known = new Float32Array(12 * 60),
) {
  const keys = Array.from({ length: 12 * 60 }, (_, row) => [Math.floor(row / 60), row % 60] as const);
  const zeros = () => new Float32Array(keys.length);
  await writeLabels(root, "advantages", tag, {
    episode_index: Int32Array.from(keys, ([episode]) => episode),
    frame_index: Int32Array.from(keys, ([, frame]) => frame),
    advantage: Uint8Array.from(keys, ([episode, frame]) => Number(positive(episode, frame))),
    advantage_continuous: known.map((value, row) => (known.some(Boolean) ? -(Math.floor(row / 60) % 2) - value : 0)),
    value_current: known,
    value_next: zeros(),
    reward_sum: zeros(),
    reward_sum_raw: zeros(),
    num_valid_rewards: new Int32Array(keys.length),
  });
  return examined(root, { labels: tag });
}

test("labels: one word only, words by episode, phase and light, words by the action", async () => {
  const root = await recorded({});
  const all = await labelled(root, "all", () => true);
  expect([all.fit, all.doubts[0]]).toEqual(["no", "100 % of the labelled frames are positive; the word says nothing."]);
  expect((await labelled(root, "whole", (episode) => episode % 3 === 0)).doubts).toEqual([
    "100 % of what labels differ by is the episode: they judge whole episodes more than actions.",
  ]);
  expect((await labelled(root, "end", (_, frame) => frame >= 40)).doubts).toEqual([
    expect.stringMatching(
      /^Positives by phase: first third 0 %, middle third 0 %, last third 100 %; labels follow the phase more than the action \(the action explains \d+ %\)\.$/,
    ),
  ]);
  const light = await labelled(root, "light", (episode, frame) => grey(episode, frame) > 170);
  expect(light.doubts).toEqual([
    expect.stringMatching(/^Positives by light: dark 0 %, middle \d %, bright \d+ %; labels follow/),
  ]);
  expect(light.mends[0]).toMatch(/^pistar value .* --brightness 0.4$/);
  const acting = await labelled(root, "action", (episode, frame) => wave(episode, frame)[0]! > 0);
  expect(acting.doubts).toEqual([]);
  const explained = acting.findings.find(({ text }) => text.startsWith("State and action explain"))!;
  expect(Number(/\d+/.exec(explained.text)![0])).toBeGreaterThan(60);
  const mixed = await labelled(root, "mixed", (episode, frame) => (frame + episode) % 4 === 0);
  expect([mixed.fit, mixed.findings.some(({ text }) => text.startsWith("25 % of the labelled frames"))]).toEqual([
    "yes",
    true,
  ]);
});

test("labels that are luck more than the actions", async () => {
  const root = await recorded({});
  // Values that know a part of the outcome.
  const knowing = (share: number) =>
    Float32Array.from({ length: 12 * 60 }, (_, row) => -0.5 - share * ((Math.floor(row / 60) % 2) - 0.5));
  const even = (episode: number, frame: number) => (frame + episode) % 4 === 0;
  expect((await labelled(root, "knowing", even, knowing(0.8))).doubts).toEqual([]);
  const lucky = await labelled(root, "lucky", even, knowing(0.2));
  expect(lucky.doubts).toEqual([
    "At the same time of an episode, advantages differ by 0.40 and values by 0.10; the frames with the largest advantages were lucky more than good.",
  ]);
  expect(lucky.mends[0]).toContain("--lookahead 1 --positive-fraction 0.4");
});

test("value functions that agree on time alone are told from those that agree on frames", async () => {
  const root = await recorded({});
  const values = (own: (episode: number, frame: number) => number) =>
    new Map(
      Array.from({ length: 12 }, (_, episode) => [
        episode,
        Array.from({ length: 60 }, (_, frame) => -1 + frame / 60 + own(episode, frame)),
      ]),
    );
  const one = { name: "fold-1", of: values((episode) => 0.1 * Math.sin(5 * episode)) };
  const alike = { name: "fold-2", of: values((episode, frame) => 0.1 * Math.sin(5 * episode) + 0.01 * (frame % 2)) };
  const unlike = { name: "fold-3", of: values((episode) => 0.1 * Math.sin(3 * episode)) };
  const good = await examined(root, { values: [one, alike] });
  expect([
    good.fit,
    good.findings.some(({ text }) => /fold-1 and fold-2 correlate by (0\.9\d|1\.00)/.test(text)),
  ]).toEqual(["yes", true]);
  const { doubts } = await examined(root, { values: [one, unlike] });
  expect(doubts).toEqual([
    expect.stringMatching(/correlate by 0\.\d\d; beyond .* by -?0\.[0-3]\d: labels depend on which/),
  ]);
});

test("statistics by hand", () => {
  // Groups {0, 1} and {2, 3}: middle 1.5, total 5, between 4 · 1.
  expect(explained([0, 1, 2, 3], ["a", "a", "b", "b"])).toBeCloseTo(4 / 5, 12);
  // y = 2 a − b is linear; a constant feature and a doubled one do no harm.
  const rows = [
    [1, 0, 5, 2],
    [0, 1, 5, 0],
    [2, 2, 5, 4],
    [3, 1, 5, 6],
  ];
  expect(
    linearlyExplained(
      rows,
      rows.map(([a, b]) => 2 * a! - b!),
    ),
  ).toBeCloseTo(1, 4);
  expect(linearlyExplained([[0], [1], [0], [1]], [0, 0, 1, 1])).toBeCloseTo(0, 9);
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
});
