// RECAP's central path: from the advantages in a label file to the words in the prompt. All expectations are by hand.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AdvantageLabels, BatchAssembler, readLabels, writeLabels } from "../../src/data/index.ts";
import { robotFeatures } from "../../src/policy/index.ts";
import { random } from "../../src/system/index.ts";
import { readAdvantageIndicators, trainingConditions } from "../../src/train/advantage-indicators.ts";
import { describePolicy } from "../../src/train/describe-policy.ts";
import { policyOptions, relabelDatasets } from "../../src/train/index.ts";
import { policySamples } from "../../src/train/policy-samples.ts";
import { openTrainingData, trainingSources } from "../../src/train/training-data.ts";
import { tinyDataset } from "./tiny-dataset.ts";

let folder: string;
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-words-"));
  // Of episode 1 of dots, a person did the first two frames.
  await tinyDataset(path("dots"), { episodes: 2, lengths: [4, 4], corrected: 2 });
  await tinyDataset(path("bars"), { episodes: 1, lengths: [2], seed: 1, task: "push the bar" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Labels with the rows [episode, frame, indicator, advantage]. */
function rows(given: readonly (readonly [number, number, number, number?])[]): AdvantageLabels {
  const zeros = new Float32Array(given.length);
  return {
    episode_index: Int32Array.from(given, ([episode]) => episode),
    frame_index: Int32Array.from(given, ([, frame]) => frame),
    advantage: Uint8Array.from(given, ([, , indicator]) => indicator),
    advantage_continuous: Float32Array.from(given, ([, , , advantage = 0]) => advantage),
    value_current: zeros,
    value_next: zeros,
    reward_sum: zeros,
    reward_sum_raw: zeros,
    num_valid_rewards: new Int32Array(given.length).fill(1),
  };
}

/** The prompts of every frame of both datasets in order, as their tokens read. */
async function promptsBy(tag: string): Promise<string[]> {
  const data = await openTrainingData([{ root: path("dots") }, { root: path("bars") }]);
  try {
    const labels = await readAdvantageIndicators(data, tag);
    const cameras = { front: "observation.images.front" };
    const sources = await trainingSources(data, { cameras, imageSize: 16, cache: path("cache"), labels });
    const options = policyOptions.parse({
      advantageIndicator: "labels",
      labels: tag,
      dropout: 0,
      horizon: 2,
      fast: false,
    });
    const description = describePolicy(
      sources,
      data.tasks,
      robotFeatures(data.datasets[0]!, undefined, options.absolute),
      options,
    );
    const assembler = new BatchAssembler(sources, { horizon: 2, seed: 0 });
    const samples = sources.flatMap(({ frames }, source) => [...frames].map((frame) => ({ source, frame, draw: 0 })));
    const batch = assembler.assemble(samples);
    assembler.close();
    const { prompt, promptMask } = policySamples(description).prefix(
      batch,
      trainingConditions(batch, options, random(0)),
    );
    const room = description.config.promptTokens;
    return samples.map((_, at) => {
      const tokens = [...prompt.subarray(at * room, (at + 1) * room)];
      return description.tokenizer.decode(tokens.filter((_, i) => promptMask[at * room + i] === 1));
    });
  } finally {
    await data.close();
  }
}

const dot = (indicator?: string) => `push the dot\n${indicator ? `Advantage: ${indicator}\n` : ""}`;
const bar = (indicator: string) => `push the bar\nAdvantage: ${indicator}\n`;

test("every frame's prompt says what its own row of the asked label file says, whatever the rows' order", async () => {
  // Frame 1 of episode 0 has no row.
  const inDots = [
    [1, 3, 1],
    [1, 0, 0],
    [0, 2, 1],
    [1, 2, 0],
    [0, 0, 0],
    [1, 1, 1],
    [0, 3, 0],
  ] as const;
  const inBars = [
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  const opposite = (given: readonly (readonly [number, number, number])[]) =>
    rows(given.map(([episode, frame, indicator]) => [episode, frame, 1 - indicator]));
  for (const [root, given] of [
    [path("dots"), inDots],
    [path("bars"), inBars],
  ] as const) {
    await writeLabels(root, "advantages", "asked", rows(given));
    await writeLabels(root, "advantages", "default", opposite(given));
  }
  expect(await promptsBy("asked")).toEqual([
    ...[dot("negative"), dot(), dot("positive"), dot("negative")],
    ...[dot("negative"), dot("positive"), dot("negative"), dot("positive")],
    ...[bar("positive"), bar("negative")],
  ]);
  expect(await promptsBy("default")).toEqual([
    ...[dot("positive"), dot(), dot("negative"), dot("positive")],
    ...[dot("positive"), dot("negative"), dot("positive"), dot("negative")],
    ...[bar("negative"), bar("positive")],
  ]);
  await expect(promptsBy("missing")).rejects.toThrow(`expected advantages with the tag "missing"`);
});

test("the best quarter of a task's advantages is positive, and what a person did is positive whatever its advantage", async () => {
  // ε is the third best of eight, 0.125. The person's frames are the two worst.
  const [first, second] = [
    [0.25, -0.125, 0.125, -0.5],
    [-1, -0.75, 0.1875, -0.25],
  ];
  const advantages = [first, second].flatMap((episode, at) => episode.map((a, frame) => [at, frame, 0, a] as const));
  await writeLabels(path("dots"), "advantages", "given", rows(advantages));
  await writeLabels(
    path("bars"),
    "advantages",
    "given",
    rows([
      [0, 0, 0, -3],
      [0, 1, 0, -2],
    ]),
  );
  const datasets = [path("dots"), path("bars")];
  const relabel = (options: { tag: string; positiveFraction: number; forceInterventions?: boolean }) =>
    relabelDatasets({ datasets, from: "given", options });

  const [inDots, inBars] = await relabel({ tag: "forced", positiveFraction: 0.25 });
  expect(inDots!.tasks).toMatchObject([{ task: "push the dot", threshold: 0.125, frames: 8, positive: 4, forced: 2 }]);
  // A quarter of two frames is none.
  expect(inBars!.tasks).toMatchObject([{ task: "push the bar", threshold: -2, frames: 2, positive: 0, forced: 0 }]);
  expect(await promptsBy("forced")).toEqual([
    ...[dot("positive"), dot("negative"), dot("negative"), dot("negative")],
    ...[dot("positive"), dot("positive"), dot("positive"), dot("negative")],
    ...[bar("negative"), bar("negative")],
  ]);

  await relabel({ tag: "unforced", positiveFraction: 0.25, forceInterventions: false });
  const { advantage } = await readLabels(path("dots"), "advantages", "unforced");
  expect([...advantage]).toEqual([1, 0, 0, 0, 0, 0, 1, 0]);
});
