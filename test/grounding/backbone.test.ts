// From scenes to a backbone, and from a backbone to trainings.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MadeBackbone, makeBackbone } from "../../src/grounding/index.ts";
import { policyConfig } from "../../src/model/index.ts";
import { actionConverter } from "../../src/policy/action-space.ts";
import { openBackbone } from "../../src/policy/pretrained-backbone.ts";
import type { RobotFeatures } from "../../src/policy/robot-features.ts";
import { so101Joints } from "../../src/robot/index.ts";
import { float16ToFloat32 } from "../../src/system/index.ts";
import { readSafetensors, type TensorValue } from "../../src/tensor/index.ts";
import { type PolicyOptions, trainPolicy, trainValue, type ValueOptions } from "../../src/train/index.ts";
import { tinyDataset } from "../train/tiny-dataset.ts";

let folder: string;
let made: MadeBackbone;
const path = (name: string) => join(folder, name);
const few = { steps: 3, batchSize: 4, validationScenes: 4, validateEvery: 2, workers: 1, threads: 1, seed: 5 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-ground-"));
  await tinyDataset(path("dots"), { episodes: 4 });
  made = await makeBackbone({ folder: path("ground"), options: few });
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One step that all but stands still: what is saved is what it began from. */
const still = { steps: 1, batchSize: 2, learningRate: 1e-12, ema: 0, validateEvery: 1, workers: 0 };
const policy = (run: string, options: Partial<PolicyOptions>) =>
  trainPolicy({
    run: path(run),
    datasets: [{ root: path("dots") }],
    options: { ...still, fast: false, cache: path("cache"), ...options },
  });
const value = (run: string, options: Partial<ValueOptions>) =>
  trainValue({
    run: path(run),
    datasets: [{ root: path("dots") }],
    options: { ...still, cache: path("cache"), ...options },
  });
const weights = (checkpoint: string) => readSafetensors(join(checkpoint, "model.safetensors"));
const floats = ({ data }: TensorValue) =>
  data instanceof Uint16Array ? float16ToFloat32(data) : (data as Float32Array);

/** What any robot's network begins from: the tiny one has other joints than those that the state's token was shown. */
async function learnedBy(network: "policy" | "value", backbone = made.backbone): Promise<Map<string, TensorValue>> {
  const all = await readSafetensors(join(backbone, `${network}.safetensors`));
  return new Map([...all].filter(([name]) => !name.startsWith("state_proj")));
}

function largestDifference(a: ReadonlyMap<string, TensorValue>, b: ReadonlyMap<string, TensorValue>): number {
  let largest = 0;
  for (const [name, mine] of a) {
    const other = floats(b.get(name)!);
    for (const [i, x] of floats(mine).entries()) largest = Math.max(largest, Math.abs(x - other[i]!));
  }
  return largest;
}

test("makes one backbone for policies and one for value functions, and says how far off they are", async () => {
  for (const network of ["policy", "value"] as const) {
    const tensors = await readSafetensors(join(made.backbone, `${network}.safetensors`));
    expect([...tensors.keys()].every((name) => /^(paligemma_with_expert\.paligemma|state_proj)\./.test(name))).toBe(
      true,
    );
    expect([...tensors.values()].every(({ dtype }) => dtype === "f16")).toBe(true);
    const { scenes, object, goal } = made.errors[network]!;
    expect(scenes).toBe(4);
    // In three steps it learns nothing: off by centimetres, but not by more than tables are large.
    for (const { median } of [object, goal]) expect(median > 10 && median < 1000).toBe(true);
  }
  expect(JSON.parse(readFileSync(join(made.backbone, "errors.json"), "utf8"))).toEqual(made.errors);
  // Killed after its last checkpoint: what it found is in the checkpoint.
  rmSync(path("ground/policy/result.json"));
  expect(await makeBackbone({ folder: path("ground"), options: few, resume: true })).toEqual(made);
  // Done already: the second time nothing is learned, and the same is found.
  expect(await makeBackbone({ folder: path("ground"), options: few, resume: true })).toEqual(made);
});

test("a policy and a value function begin from it, and read with its tokenizer", async () => {
  for (const [network, train] of [
    ["policy", policy],
    ["value", value],
  ] as const) {
    const learned = await learnedBy(network);
    const { last } = await train(`${network}-begun`, { backbone: made.backbone });
    expect(largestDifference(learned, await weights(last))).toBeLessThan(1e-6);
    const tokenizer = readFileSync(join(made.backbone, "tokenizer.json"), "utf8");
    expect(readFileSync(join(last, "tokenizer.json"), "utf8")).toBe(tokenizer);
    const { last: other } = await train(`${network}-nothing`, {});
    expect(largestDifference(learned, await weights(other))).toBeGreaterThan(0.01);
    expect(readFileSync(join(other, "tokenizer.json"), "utf8")).not.toBe(tokenizer);
  }
});

test("it goes on learning where it was", async () => {
  const options = { ...few, steps: 1, validateEvery: 1, ema: 0, learningRate: 1e-12, from: made.backbone };
  const again = await makeBackbone({ folder: path("again"), networks: ["policy"], options });
  const learned = await readSafetensors(join(made.backbone, "policy.safetensors"));
  const after = await readSafetensors(join(again.backbone, "policy.safetensors"));
  expect(largestDifference(learned, after)).toBe(0);
  expect(existsSync(join(again.backbone, "value.safetensors"))).toBe(false);
});

test("by name: pistar's own", async () => {
  const learned = await learnedBy("policy", "backbones/nano");
  const { last } = await policy("own", { backbone: "nano" });
  expect(largestDifference(learned, await weights(last))).toBeLessThan(1e-6);
});

test("the state's token means the same of a normalised state", async () => {
  const stateNames = so101Joints.map(({ name }) => name);
  const config = policyConfig("nano", { cameras: ["front"], stateSize: 6, actionSize: 6 });
  const scaling = {
    mode: "quantiles" as const,
    measures: [Float32Array.of(-60, -90, -10, 5, -40, 0), Float32Array.of(70, 20, 90, 15, 30, 60)] as const,
  };
  const space = { state: scaling, actions: scaling, deltaActions: stateNames.map(() => false) };
  const robot = { stateNames } as RobotFeatures;
  const backbone = openBackbone({ backbone: made.backbone, size: "nano" }, "policy")!;
  const begun = await backbone.over(new Map(), { config, robot, space });
  const learned = await readSafetensors(join(made.backbone, "policy.safetensors"));
  const token = (of: ReadonlyMap<string, TensorValue>, state: ArrayLike<number>) => {
    const [weight, bias] = ["state_proj.weight", "state_proj.bias"].map((name) => floats(of.get(name)!));
    return bias!.map((b, row) => stateNames.reduce((sum, _, i) => sum + weight![row * 6 + i]! * state[i]!, b));
  };
  const state = Float32Array.of(10, -50, 33, 12, -20, 44);
  const normalised = actionConverter(space, 6, 6).state(state);
  const wanted = token(
    learned,
    state.map((x) => x / 100),
  );
  for (const [i, x] of token(begun, normalised).entries()) expect(x).toBeCloseTo(wanted[i]!, 5);
});

test("a policy that learns no text leaves its backbone as it is, decay or not, in one program and over threads", async () => {
  const learned = await learnedBy("policy");
  const quick = { backbone: made.backbone, learningRate: 0.01, weightDecay: 0.5, steps: 3 };
  for (const [name, shards] of [
    ["whole", { batchSize: 2, threads: 1 }],
    ["sharded", { batchSize: 16, threads: 2 }],
  ] as const) {
    const { last } = await policy(name, { ...quick, ...shards });
    const trained = await weights(last);
    expect(largestDifference(learned, trained)).toBeLessThan(1e-6);
    const still = await weights(join(path("policy-begun"), "checkpoints", "000001", "pretrained_model"));
    const expert = new Map([...trained].filter(([key]) => key.includes("gemma_expert")));
    expect(largestDifference(expert, still)).toBeGreaterThan(0.005);
  }
  // With FAST tokens it learns on.
  const { last } = await policy("fast", { ...quick, fast: true });
  expect(largestDifference(learned, await weights(last))).toBeGreaterThan(0.005);
});

test("what is no backbone, or not this network's, is refused in words", async () => {
  await expect(policy("a", { backbone: path("nowhere") })).rejects.toThrow("expected a backbone's folder");
  await expect(policy("b", { backbone: made.backbone, size: "small" })).rejects.toThrow("expected");
  await expect(policy("d", { backbone: "nano", size: "small" })).rejects.toThrow("got one of size small");
  writeFileSync(path("tokenizer.json"), "{}");
  await expect(policy("c", { backbone: made.backbone, tokenizer: path("tokenizer.json") })).rejects.toThrow("not both");
  for (const run of ["a", "c"]) expect(existsSync(join(path(run), "checkpoints"))).toBe(false);
});
