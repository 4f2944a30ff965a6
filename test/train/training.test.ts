// Whole trainings of a few steps: their files, exact resuming, and the effect of labels. labels-to-prompts.test.ts
// tests the prompts frame by frame.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLabels, writeLabels } from "../../src/data/index.ts";
import { loadPolicy, loadValueFunction } from "../../src/policy/index.ts";
import { readSafetensors } from "../../src/tensor/index.ts";
import { advantageWeights } from "../../src/train/advantage-weights.ts";
import {
  type LabelReport,
  labelDataset,
  learnedValues,
  type PolicyOptions,
  type PolicyResult,
  relabelDatasets,
  trainPolicy,
  trainValue,
  type ValueResult,
} from "../../src/train/index.ts";
import { openTrainingData } from "../../src/train/training-data.ts";
import { picture, tinyDataset } from "./tiny-dataset.ts";

let folder: string;
let dots: string;
/** The same episodes without corrections, which have weights of their own. */
let uncorrected: string;
let value: ValueResult;
let labels: LabelReport;

const path = (name: string) => join(folder, name);
const short = () => ({
  steps: 4,
  batchSize: 4,
  validateEvery: 2,
  validationFrames: 16,
  workers: 0,
  cache: path("cache"),
});
const policyShort = () => ({ ...short(), horizon: 4, denoisingSteps: 2, heldOut: 0.25 });
const lines = (run: string) =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-train-"));
  dots = path("dots");
  uncorrected = path("uncorrected");
  await tinyDataset(dots, { episodes: 8, corrected: 3 });
  await tinyDataset(uncorrected, { episodes: 8 });
  value = await trainValue({
    run: path("value"),
    datasets: [{ root: dots }],
    options: { ...short(), steps: 30, validateEvery: 15, heldOut: 0.25, learningRate: 2e-3, ema: 0.8 },
  });
  labels = await labelDataset({
    dataset: dots,
    values: learnedValues([path("value")]),
    options: { positiveFraction: 0.4, lookahead: 0.5, cache: path("cache") },
  });
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a value function is judged on whole episodes that it has not seen", () => {
  expect(value.episodes).toEqual({ train: 6, heldOut: 2 });
  const { check } = value;
  expect(check!.heldOutCrossEntropy).toBeGreaterThan(0);
  expect(check!.heldOutCrossEntropy).toBeLessThan(Math.log(201));
  // Failures are brighter from the first frame on: seen at once.
  expect(check!.firstFrameGap).toBeGreaterThan(0.05);
  expect(check!.auc).toBe(1);
  expect(value.curve.at(-1)).toMatchObject({ step: 30 });
  expect(existsSync(join(value.best, "model.safetensors"))).toBe(true);
});

test("labels: the share asked for, people's frames forced, N steps ahead", async () => {
  const stored = await readLabels(dots, "advantages", "default");
  const [task] = labels.tasks;
  expect(task).toMatchObject({ task: "push the dot", frames: stored.advantage.length, forced: 12 });
  const chosen = stored.advantage_continuous.filter((a) => a > task!.threshold).length;
  expect(Math.abs(chosen - 0.4 * task!.frames)).toBeLessThan(1);
  expect(stored.num_valid_rewards[0]).toBe(5); // half a second at 10 frames a second
  const at = stored.episode_index.findIndex((episode, row) => episode === 0 && stored.frame_index[row] === 2);
  const sum = stored.reward_sum[at]! + stored.value_next[at]! - stored.value_current[at]!;
  expect(stored.advantage_continuous[at]).toBeCloseTo(sum, 5);
  expect(stored.reward_sum_raw[at]).toBe(-5);
  for (const [row, episode] of stored.episode_index.entries())
    if (episode % 2 === 1 && stored.frame_index[row]! < 3) expect(stored.advantage[row]).toBe(1);
});

test("labelling anew needs no value function", async () => {
  const [again] = await relabelDatasets({
    datasets: [dots],
    from: "default",
    options: { tag: "strict", positiveFraction: 0.1, forceInterventions: false },
  });
  expect(again!.tasks[0]!.positive).toBe(Math.floor(0.1 * again!.tasks[0]!.frames));
  expect((await readLabels(dots, "advantages", "default")).advantage.reduce((sum, one) => sum + one, 0)).toBe(
    labels.tasks[0]!.positive,
  );
  await expect(relabelDatasets({ datasets: [dots], from: "nothing" })).rejects.toThrow(
    'expected advantages with the tag "nothing"',
  );
});

test("a loaded value function says what labelling said", async () => {
  const loaded = await loadValueFunction(path("value"));
  const stored = await readLabels(dots, "advantages", "default");
  const [first] = await loaded.values([
    { images: { front: picture(0, 80) }, state: Float32Array.of(0, 0), task: "push the dot" },
  ]);
  expect(first).toBeCloseTo(stored.value_current[0]!, 5);
  await loaded.close();
});

test.each([
  ["in one program", { batchSize: 4 }],
  ["over two threads", { batchSize: 16, threads: 2 }],
])(
  "a training %s that was killed goes on to the same loss and the same weights, to the last bit",
  async (how, size) => {
    const options = { ...policyShort(), ...size, advantageIndicator: "labels" as const, workers: 1 };
    const names = { whole: `whole ${how}`, broken: `broken ${how}` };
    const whole = await trainPolicy({ run: path(names.whole), datasets: [{ root: dots }], options });
    const broken = { run: path(names.broken), datasets: [{ root: dots }], options };
    const stop = ({ step }: { step: number }) => {
      if (step === 3) throw new Error("killed");
    };
    await expect(trainPolicy({ ...broken, onProgress: stop })).rejects.toThrow("killed");
    await expect(trainPolicy(broken)).rejects.toThrow("resume it (--resume)");
    await expect(trainPolicy({ ...broken, resume: true, options: { ...options, seed: 1 } })).rejects.toThrow(
      "seed 0, got 1",
    );
    const steps: number[] = [];
    const resumed = await trainPolicy({ ...broken, resume: true, onProgress: ({ step }) => steps.push(step) });
    expect(steps).toEqual([3, 4]);
    const numbers = (run: string) => lines(path(run)).map(({ stepsPerSecond: _, ...rest }) => rest);
    expect(numbers(names.broken)).toEqual(numbers(names.whole));
    const weights = (result: PolicyResult) => readFileSync(join(result.last, "model.safetensors"));
    expect(weights(resumed).equals(weights(whole))).toBe(true);
    // Ended runs only say what they found.
    expect(await trainPolicy({ ...broken, resume: true })).toEqual(resumed);
  },
);

test("a training that is told to stop ends after the step in progress, and goes on to the same bits from any step", async () => {
  const options = { ...policyShort(), steps: 12, validateEvery: 6, fast: false };
  const whole = await trainPolicy({ run: path("unstopped"), datasets: [{ root: dots }], options });
  const run = { run: path("stopped"), datasets: [{ root: dots }], options, resume: true };
  // 3 and 5 lie between two averages and two lines of the log, 6 is a validation, 11 follows a line of the log.
  for (const last of [3, 5, 6, 11]) {
    const stopping = new AbortController();
    const steps: number[] = [];
    const onProgress = ({ step }: { step: number }) => {
      steps.push(step);
      if (step === last) stopping.abort(new Error("told to stop"));
    };
    await expect(trainPolicy({ ...run, signal: stopping.signal, onProgress })).rejects.toThrow("told to stop");
    expect(steps.at(-1)).toBe(last);
    expect(existsSync(join(path("stopped"), "checkpoints", String(last).padStart(6, "0")))).toBe(true);
  }
  const resumed = await trainPolicy(run);
  const numbers = (name: string) => lines(path(name)).map(({ stepsPerSecond: _, ...rest }) => rest);
  expect(numbers("stopped")).toEqual(numbers("unstopped"));
  const weights = ({ last }: PolicyResult) => readFileSync(join(last, "model.safetensors"));
  expect(weights(resumed).equals(weights(whole))).toBe(true);
});

test("a policy acts: the same for one observation as in a batch, in the robot's units", async () => {
  const trained = await trainPolicy({
    run: path("acting"),
    datasets: [{ root: dots }],
    options: { ...policyShort(), advantageIndicator: "labels", steps: 2, fast: false },
  });
  const policy = await loadPolicy(path("acting"), { denoisingSteps: 2 });
  expect(policy.info).toMatchObject({
    horizon: 4,
    fps: 10,
    joints: ["shoulder.pos", "gripper.pos"],
    cameras: ["front"],
  });
  expect(policy.description.robot.deltaActions).toEqual([true, false]);
  const observations = [0, 5, 11].map((at, step) => ({
    images: { front: picture(at, 80) },
    state: Float32Array.of(at, 0),
    task: "push the dot",
    seed: [0, step] as const,
  }));
  const batch = (await policy.inferBatch(observations)).map(({ actions }) => actions);
  for (const [i, observation] of observations.entries()) {
    const alone = (await policy.infer(observation)).actions;
    expect(alone).toHaveLength(8);
    for (const [j, x] of alone.entries()) expect(batch[i]![j]).toBeCloseTo(x, 3);
  }
  // One of three continues a chunk, in the robot's units: its executed steps come near it, the others are as they were.
  const moved = { actions: batch[1]!.map((x) => x + 3).subarray(0, 4), delay: 2 };
  const continuing = observations.map((observation, i) => ({ ...observation, ...(i === 1 && { leftover: moved }) }));
  const continued = (await policy.inferBatch(continuing)).map(({ actions }) => actions);
  for (const i of [0, 2]) for (const [j, x] of continued[i]!.entries()) expect(x).toBeCloseTo(batch[i]![j]!, 3);
  for (const [j, x] of moved.actions.entries()) expect(Math.abs(continued[1]![j]! - x)).toBeLessThan(0.5);
  const wide = { ...moved, actions: new Float32Array(3) };
  await expect(policy.infer({ ...observations[0]!, leftover: wide })).rejects.toThrow("[steps, 2] actions, got 3");
  await expect(policy.infer({ ...observations[0]!, images: {} })).rejects.toThrow("cameras front, got none");
  await expect(policy.infer({ ...observations[0]!, task: "x".repeat(200) })).rejects.toThrow("promptTokens");
  await policy.close();

  const guided = await loadPolicy(trained.last, { denoisingSteps: 2, guidance: 2 });
  const plain = await loadPolicy(trained.last, { denoisingSteps: 2, advantageIndicator: "negative" });
  const [a, b] = [await guided.infer(observations[0]!), await plain.infer(observations[0]!)];
  expect(a).not.toEqual(b);
  await guided.close();
  await plain.close();

  // A network of a version that is not read any more.
  const older = path("older");
  cpSync(trained.last, older, { recursive: true });
  const config = join(older, "config.json");
  writeFileSync(config, readFileSync(config, "utf8").replace('"keypoints"', '"conv"'));
  await expect(loadPolicy(older)).rejects.toThrow('network.vision.kind: expected "siglip" or "keypoints"');
}, 120_000);

test("advantage-weighted regression: frames count by exp(advantage / temperature)", async () => {
  const found = await readLabels(dots, "advantages", "default");
  const written = (tag: string, advantage: (row: number) => number) =>
    writeLabels(uncorrected, "advantages", tag, {
      ...found,
      advantage_continuous: found.advantage_continuous.map((_, row) => advantage(row)),
    });
  await written("even", () => 0.02);
  await written("uneven", (row) => [0, 0.1, 1, -1000][found.frame_index[row]! % 4]!);

  const data = await openTrainingData([{ root: uncorrected }]);
  const weight = await advantageWeights(data, "uneven", 0.05);
  await data.close();
  expect([0, 1, 2, 3].map((frame) => weight(0, 5, frame))).toEqual([1, expect.closeTo(Math.exp(2), 4), 20, 0]);
  expect(weight(0, 5, 1000)).toBe(0);

  type Asked = { labels?: string; temperature?: number };
  const losses = async (name: string, asked: Asked, episodes = [0, 1, 2, 3, 4, 5, 6, 7]) => {
    const options = { ...policyShort(), fast: false, ...asked };
    await trainPolicy({ run: path(name), datasets: [{ root: uncorrected, episodes }], options });
    const recorded = lines(path(name)).flatMap((line) => line["train/loss"] ?? []);
    expect(recorded.length).toBeGreaterThan(0);
    return recorded;
  };
  const plain = await losses("unweighted", {});
  const even = await losses("even", { labels: "even", temperature: 0.05 });
  const uneven = await losses("uneven", { labels: "uneven", temperature: 0.05 });
  for (const [at, loss] of plain.entries()) {
    expect(even[at]).toBeCloseTo(loss, 5);
    expect(Math.abs(uneven[at]! - loss)).toBeGreaterThan(1e-3);
  }
  // Nothing is drawn from episodes that were not asked for: if it were, leaving it out would make a difference.
  await written("known", (row) => ([1, 3].includes(found.episode_index[row]!) ? 0 : -1000));
  const known = { labels: "known", temperature: 0.05 };
  const [some, chosen] = [await losses("some", {}, [1, 3]), await losses("chosen", known, [1, 3])];
  for (const [at, loss] of some.entries()) expect(chosen[at]).toBeCloseTo(loss, 5);
  const all = await losses("all", known);
  expect(all.some((loss, at) => Math.abs(loss - plain[at]!) > 1e-3)).toBe(true);
  await expect(losses("missing", { labels: "missing", temperature: 0.05 })).rejects.toThrow("missing");
}, 120_000);

test("a training reads the labels that it is asked for, and learns without them as often as dropout says", async () => {
  const found = await readLabels(dots, "advantages", "default");
  const write = (tag: string, indicator: 0 | 1) =>
    writeLabels(dots, "advantages", tag, { ...found, advantage: found.advantage.map(() => indicator) });
  await write("all-positive", 1);
  await write("all-negative", 0);
  const losses = async (advantageIndicator: "labels" | "positive", labels: string, dropout: number) => {
    const run = path(`words ${advantageIndicator} ${labels} ${dropout}`);
    const options = { ...policyShort(), steps: 2, fast: false, advantageIndicator, labels, dropout };
    await trainPolicy({ run, datasets: [{ root: dots }], options });
    return lines(run).flatMap((line) => [line["train/loss"] ?? [], line["heldOut/flow"] ?? []].flat());
  };
  // Labels that are all positive are the word "positive" in every prompt, to the last bit.
  const positive = await losses("labels", "all-positive", 0);
  expect(positive.length).toBeGreaterThanOrEqual(2);
  expect(await losses("positive", "default", 0)).toEqual(positive);
  expect(await losses("labels", "all-negative", 0)).not.toEqual(positive);
  // Where every word is dropped, labels make no difference to what is learned: only held-out prompts keep theirs.
  const [dropped, alsoDropped] = [await losses("labels", "all-positive", 1), await losses("labels", "all-negative", 1)];
  expect(alsoDropped[0]).toBe(dropped[0]);
  expect(dropped[0]).not.toBe(positive[0]);
}, 120_000);

test("a positive share of 1 draws positive frames alone", async () => {
  const found = await readLabels(dots, "advantages", "default");
  const isPositive = (row: number) => [1, 3].includes(found.episode_index[row]!);
  // Weights leave out whatever is not positive: where only positive frames are drawn they make no difference.
  await writeLabels(uncorrected, "advantages", "some", {
    ...found,
    advantage: found.advantage.map((_, row) => (isPositive(row) ? 1 : 0)),
    advantage_continuous: found.advantage_continuous.map((_, row) => (isPositive(row) ? 0 : -1000)),
  });
  const losses = async (name: string, asked: Partial<PolicyOptions>) => {
    const options = { ...policyShort(), fast: false, advantageIndicator: "labels" as const, labels: "some", ...asked };
    await trainPolicy({ run: path(name), datasets: [{ root: uncorrected }], options });
    return lines(path(name)).flatMap((line) => line["train/loss"] ?? []);
  };
  const drawn = await losses("positive", { positiveShare: 1, dropout: 0 });
  const counted = await losses("positive, counted", { positiveShare: 1, dropout: 0, temperature: 0.05 });
  const plain = await losses("all, counted", { temperature: 0.05 });
  expect(drawn.length).toBeGreaterThan(0);
  for (const [at, loss] of drawn.entries()) expect(counted[at]).toBeCloseTo(loss, 5);
  expect(plain.some((loss, at) => Math.abs(loss - drawn[at]!) > 1e-3)).toBe(true);
}, 120_000);

test("fine-tuning begins with the checkpoint's weights, normalisation and tokens", async () => {
  const base = await trainPolicy({
    run: path("base"),
    datasets: [{ root: dots, episodes: [0, 1, 2, 3, 4] }],
    options: { ...policyShort(), steps: 2, advantageIndicator: "none", learnFrom: "successes" },
  });
  expect(base.episodes).toEqual({ train: 2, heldOut: 1 });
  const other = path("other");
  await tinyDataset(other, { episodes: 3, seed: 5, task: "push the dot", failures: false });
  const tuned = await trainPolicy({
    run: path("tuned"),
    datasets: [{ root: dots, episodes: [1, 3] }, { root: other }],
    options: {
      ...policyShort(),
      from: base.last,
      steps: 1,
      learningRate: 1e-12,
      weightDecay: 0,
      advantageIndicator: "positive",
    },
  });
  expect(tuned.episodes).toEqual({ train: 3, heldOut: 2 });
  for (const name of [
    "tokenizer.json",
    "fast/tokenizer.json",
    "policy_preprocessor_step_0_normalizer_processor.safetensors",
  ])
    expect(readFileSync(join(tuned.last, name)).equals(readFileSync(join(base.last, name)))).toBe(true);
  const [before, after] = [
    await readSafetensors(join(base.last, "model.safetensors")),
    await readSafetensors(join(tuned.last, "model.safetensors")),
  ];
  for (const [name, { data }] of before)
    for (const [i, x] of (after.get(name)!.data as Float32Array).entries())
      if (Math.abs(x - Number(data[i])) > 1e-9) throw new Error(`${name}: expected ${data[i]}, got ${x}`);
  const plain = loadPolicy(base.last, { guidance: 2 });
  await expect(plain).rejects.toThrow("trained without");
}, 120_000);
