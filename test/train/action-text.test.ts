// What a policy with the state as text reads and learns for a chunk, as openpi's π0-FAST does: "Task: …, State: …;\nAction: ", FAST tokens, "|",
// the end token.
import { expect, test } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import { fitFast, fitTokenizer } from "../../src/model/index.ts";
import { random } from "../../src/system/index.ts";
import { policySamples } from "../../src/train/policy-samples.ts";
import { normals, tinyConfig } from "../model/tiny.ts";

const [size, horizon, joints, room] = [2, 4, 2, 24];
const config = tinyConfig({
  state: "text",
  stateSize: joints,
  actionSize: joints,
  vocabulary: 900,
  promptTokens: 80,
  actionTokens: room,
  horizon,
});
const generator = random(2);
const actions = normals(size * horizon * joints, generator).map((x) => Math.tanh(x));
const chunks = Array.from({ length: size }, (_, at) =>
  actions.slice(at * horizon * joints, (at + 1) * horizon * joints),
);
const tokenizer = fitTokenizer(["Task: fold it, State: 1 2 3;\nAction: |"], 400);
const fast = fitFast(chunks, { horizon, vocabulary: 300 });
const unit = {
  mode: "quantiles",
  measures: [new Float32Array(joints).fill(-1), new Float32Array(joints).fill(1)],
} as const;
const description = {
  config,
  robot: {
    robotType: "dot",
    fps: 10,
    cameras: { front: "front", wrist: "wrist" },
    stateNames: ["x", "y"],
    actionNames: ["x", "y"],
    deltaActions: [false, false],
  },
  space: { state: unit, actions: unit, deltaActions: [false, false] },
  tokenizer,
  fast,
  conditioned: false,
  trainedDelay: 0,
};
const pixels = size * config.vision.imageSize ** 2 * 3;
const batch: Batch = {
  size,
  images: { front: new Uint8Array(pixels), wrist: new Uint8Array(pixels) },
  imageMasks: {},
  state: Float32Array.of(0.7, -1, 0, 0),
  actions,
  actionIsPad: new Uint8Array(size * horizon),
  tasks: ["fold it", "fold it"],
  subtasks: [undefined, undefined],
  source: new Int32Array(size),
  episodeIndex: new Int32Array(size),
  frameIndex: new Int32Array(size),
  return: new Float32Array(size),
  advantageIndicator: new Int8Array(size),
};

test("the prompt ends with “Action: ”, the chunk with “|” and the end token, and every token of it is learned", () => {
  const feeds = policySamples(description).lossFeeds(batch, [{}, {}], [1, 0.5], random(0));
  const prompt = feeds.prompt as Int32Array;
  const text = tokenizer.decode([...prompt.subarray(0, config.promptTokens)].filter((id) => id !== tokenizer.pad));
  expect(text).toBe("Task: fold it, State: 217 0;\nAction: ");
  const [tokens, weights] = [feeds.fast as Int32Array, feeds.fastWeights as Float32Array];
  for (const [at, chunk] of chunks.entries()) {
    const own = [...tokens.subarray(at * room, (at + 1) * room)];
    const ids = fast.encode(chunk, horizon);
    // PaliGemma's place for FAST tokens: downwards from the end of the vocabulary.
    const expected = [...ids.map((id) => 899 - id), ...tokenizer.encode("|"), tokenizer.end];
    expect(own.slice(0, expected.length)).toEqual(expected);
    expect(own.slice(expected.length).every((id) => id === tokenizer.pad)).toBe(true);
    const weight = at === 0 ? 1 : 0.5;
    expect([...weights.subarray(at * room, (at + 1) * room)]).toEqual(
      Array.from({ length: room }, (_, i) => (i < expected.length ? weight : 0)),
    );
  }
});
