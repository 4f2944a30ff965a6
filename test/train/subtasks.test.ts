// Training on subtask text, from LeRobot's column to the weights of its tokens.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatchAssembler, batchSource, openDataset } from "../../src/data/index.ts";
import { loadPolicy, readPolicyDescription } from "../../src/policy/index.ts";
import { random } from "../../src/system/index.ts";
import { trainPolicy } from "../../src/train/index.ts";
import { policySamples } from "../../src/train/policy-samples.ts";
import { addSubtasks } from "../data/subtasks.ts";
import { picture, tinyDataset } from "./tiny-dataset.ts";

let folder: string;
const path = (name: string) => join(folder, name);
const steps = 20;
const options = () => ({
  steps,
  batchSize: 4,
  validateEvery: 10,
  validationFrames: 16,
  workers: 0,
  cache: path("cache"),
  horizon: 4,
  denoisingSteps: 2,
  heldOut: 0.25,
  fast: false,
  draws: 1,
  learningRate: 2e-3,
  warmup: 5,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-subtasks-"));
  await tinyDataset(path("dots"), { episodes: 6, failures: false });
  await tinyDataset(path("plain"), { episodes: 2, failures: false });
  const rows = [
    { content: "go left", timestamp: 0.4 },
    { content: "turn around slowly", timestamp: 1 },
  ];
  await addSubtasks(path("dots"), () => rows, 6);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("subtasks are learned: their cross-entropy falls, held out too, and the policy acts without being told one", async () => {
  const result = await trainPolicy({
    run: path("run"),
    datasets: [{ root: path("dots") }],
    options: { ...options(), subtasks: true, dropout: 0 },
  });
  const lines = readFileSync(join(path("run"), "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  const text = lines.map((line) => JSON.parse(line)["train/text"]).filter((x) => x !== undefined);
  expect(text[0]).toBeGreaterThan(0);
  expect(text.at(-1)).toBeLessThan(0.8 * text[0]);
  const heldOut = result.validations.map((line) => line["heldOut/text"]!);
  expect(heldOut[1]).toBeLessThan(heldOut[0]!);
  const policy = await loadPolicy(path("run"), { denoisingSteps: 2 });
  const asked = { images: { front: picture(3, 80) }, state: Float32Array.of(3, 0), task: "push the dot" };
  expect((await policy.infer(asked)).actions).toHaveLength(8);
  await policy.close();
}, 120_000);

test("the policy says a subtask that it has learned, acts by it, and follows one that it is told", async () => {
  const learning = { ...options(), steps: 150, validateEvery: 150, learningRate: 5e-3, dropout: 0.1 };
  await trainPolicy({
    run: path("says"),
    datasets: [{ root: path("dots") }],
    options: { ...learning, subtasks: true },
  });
  const policy = await loadPolicy(path("says"), { denoisingSteps: 2 });
  const asked = { images: { front: picture(3, 80) }, state: Float32Array.of(3, 0), task: "push the dot" };
  const ask = (subtask?: string) => policy.infer({ ...asked, seed: [1, 2], ...(subtask && { subtask }) });
  const free = await ask();
  expect(["go left", "turn around slowly"]).toContain(free.subtask);
  // Said by itself or told, the same words give the same actions; others give others.
  expect(await ask(free.subtask)).toEqual(free);
  const other = free.subtask === "go left" ? "turn around slowly" : "go left";
  const told = await ask(other);
  expect(told.subtask).toBe(other);
  expect(told.actions).not.toEqual(free.actions);
  // In one batch each request has its own.
  const [first, second] = await policy.inferBatch(
    [asked, { ...asked, subtask: other }].map((one) => ({ ...one, seed: [1, 2] as const })),
  );
  expect([first!.subtask, second!.subtask]).toEqual([free.subtask, other]);
  await policy.close();
  const silent = await loadPolicy(path("says"), { denoisingSteps: 2, saysSubtasks: false });
  expect((await silent.infer(asked)).subtask).toBeUndefined();
  await silent.close();
}, 240_000);

test("only a subtask's tokens have weights, those of its sample; frames without one have none", async () => {
  const description = await readPolicyDescription(join(path("run"), "checkpoints", "000020", "pretrained_model"));
  const { tokenizer, config } = description;
  const dataset = await openDataset(path("dots"));
  const side = config.vision.imageSize;
  const cameras = { front: "observation.images.front" };
  const source = await batchSource(dataset, {
    cameras,
    width: side,
    height: side,
    directory: path("frames"),
    subtasks: true,
  });
  const assembler = new BatchAssembler([source], { horizon: 4, seed: 0 });
  const batch = assembler.assemble([2, 4, 12].map((frame, draw) => ({ source: 0, frame, draw })));
  assembler.close();
  await dataset.close();
  expect(batch.subtasks).toEqual([undefined, "go left", "turn around slowly"]);
  const said = batch.subtasks.map((subtask) => ({ subtask, advantageIndicator: "positive" as const }));
  const feeds = policySamples(description, true).lossFeeds(batch, said, [1, 0.5, 2], random(0));
  const room = config.promptTokens;
  const [prompt, weights] = [feeds.prompt as Int32Array, feeds.promptWeights as Float32Array];
  expect(weights).toHaveLength(3 * room);
  for (const [at, weight, text] of [
    [0, 1, ""],
    [1, 0.5, " go left\n"],
    [2, 2, " turn around slowly\n"],
  ] as const) {
    const own = [...weights.subarray(at * room, (at + 1) * room)];
    expect(tokenizer.decode([...prompt.subarray(at * room)].slice(0, room).filter((_, i) => own[i] === weight))).toBe(
      text,
    );
    expect(own.every((x) => x === 0 || x === weight)).toBe(true);
  }
  expect(policySamples(description).lossFeeds(batch, said, [1, 1, 1], random(0)).promptWeights).toBeUndefined();
});

test("data without subtasks is said to have none", async () => {
  const datasets = [{ root: path("plain") }];
  await expect(trainPolicy({ run: path("none"), datasets, options: { ...options(), subtasks: true } })).rejects.toThrow(
    "expected subtasks in the column language_persistent",
  );
});
