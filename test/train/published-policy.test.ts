// Fine-tuning of policies published by LeRobot and openpi: their names, their files, nothing lost.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDataset } from "../../src/data/index.ts";
import { readPrefix } from "../../src/model/backbone.ts";
import {
  initPolicyNetwork,
  type PolicyNetwork,
  parameterShapes,
  policyConfig,
  prefixFeeds,
  prefixInputs,
} from "../../src/model/index.ts";
import { velocity } from "../../src/model/policy-network.ts";
import { findCheckpoint, readWeights } from "../../src/policy/checkpoint.ts";
import { loadPolicy } from "../../src/policy/index.ts";
import { networkSizes, readPublished } from "../../src/policy/published-policy.ts";
import { random } from "../../src/system/index.ts";
import { compile, createStore, input, readSafetensors, type Store, scope } from "../../src/tensor/index.ts";
import { type PolicyOptions, trainPolicy } from "../../src/train/index.ts";
import { normals, tinyBatch, tinyPolicy } from "../model/tiny.ts";
import { publishedConfig, publishedFile, publishedFolder, publishedTokenizer, sharded } from "./published-folder.ts";
import { picture, tinyDataset } from "./tiny-dataset.ts";

let folder: string;
const path = (name: string) => join(folder, name);
const statistics = {
  "observation.state.q01": [-3, -1],
  "observation.state.q99": [40, 2],
  "observation.state.mean": [1, 2],
  "observation.state.std": [3, 4],
  "action.q01": [-5, -1.5],
  "action.q99": [45, 2.5],
  "action.mean": [5, 6],
  "action.std": [7, 8],
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-published-"));
  await tinyDataset(path("dots"), { episodes: 4, failures: false });
  await publishedTokenizer(path("tokenizer.json"));
  await publishedFolder(path("tuned"), { numbers: 2, cameras: ["wrist", "front"], statistics });
  await publishedFolder(path("base"), { numbers: 32, cameras: ["base_0_rgb", "left_wrist_0_rgb"] });
  await publishedFile(path("openpi.safetensors"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(name: string, changes: Partial<PolicyOptions> = {}) {
  const dataset = await openDataset(path("dots"));
  try {
    const options = { tokenizer: path("tokenizer.json"), absolute: ["gripper*"], ...changes };
    return await readPublished(findCheckpoint(path(name), "last"), dataset, { cameras: undefined, ...options });
  } finally {
    await dataset.close();
  }
}

/** The velocity of a chunk for fixed pictures, prompt, noise and time. */
async function velocityOf(policy: PolicyNetwork, store: Store): Promise<Float32Array> {
  const { config } = policy;
  const generator = random("velocity");
  const noisy = input("noisy", [1, config.horizon, config.actionSize]);
  const time = input("time", [1, 1]);
  const prefix = prefixInputs(config, 1);
  const program = await compile(
    {
      inputs: [...prefix.all, noisy, time],
      outputs: { v: velocity(policy, readPrefix(policy.backbone, prefix), noisy, time) },
    },
    { store },
  );
  const outputs = await program.run({
    ...prefixFeeds(config, {
      ...tinyBatch(config, 1, generator),
      promptMask: new Uint8Array(config.promptTokens).fill(1),
    }),
    noisy: normals(config.horizon * config.actionSize, generator),
    time: Float32Array.of(0.7),
  });
  await program.release();
  return outputs.v!.data as Float32Array;
}

test("the network is what its weights' shapes say, at the published sizes too", async () => {
  expect((await read("tuned")).config).toEqual(publishedConfig);
  const published = policyConfig("pi05", publishedConfig);
  const sizes = networkSizes("model.safetensors", parameterShapes(published));
  expect({ ...published, ...sizes }).toEqual(published);
  expect(Object.keys(sizes)).toHaveLength(5);
});

test.each(["tuned", "openpi.safetensors"])(
  "the weights of %s arrive: its velocity is that of the network they come from",
  async (name) => {
    const base = await read(name);
    const store = createStore();
    const config = { ...base.config, promptTokens: publishedConfig.promptTokens, horizon: publishedConfig.horizon };
    await readWeights(path(name), { ...base, config }, store);
    const { policy, store: original } = tinyPolicy(publishedConfig);
    const expected = await velocityOf(policy, original);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
    expect(await velocityOf(initPolicyNetwork(scope(), config), store)).toEqual(expected);
  },
);

test("two steps from a LeRobot folder: statistics kept, numbers padded to 32, and a checkpoint that acts", async () => {
  const options = {
    from: path("tuned"),
    tokenizer: path("tokenizer.json"),
    steps: 2,
    batchSize: 4,
    validateEvery: 2,
    validationFrames: 8,
    workers: 0,
    heldOut: 0.25,
    denoisingSteps: 2,
    cache: path("cache"),
  };
  const result = await trainPolicy({ run: path("run"), datasets: [{ root: path("dots") }], options });
  expect(result.heldOut!["heldOut/flow"]).toBeGreaterThan(0);
  const policy = await loadPolicy(path("run"), { denoisingSteps: 2 });
  const { space, robot, config, fast } = policy.description;
  expect(space.state).toEqual({ mode: "quantiles", measures: [Float32Array.of(-3, -1), Float32Array.of(40, 2)] });
  expect(space.actions).toEqual({ mode: "quantiles", measures: [Float32Array.of(-5, -1.5), Float32Array.of(45, 2.5)] });
  expect(robot).toMatchObject({
    fps: 10,
    stateNames: ["shoulder.pos", "gripper.pos"],
    cameras: { front: "observation.images.front" },
    deltaActions: [false, false], // as LeRobot's actions are
  });
  expect(config).toMatchObject({ actionSize: 32, stateSize: 32, horizon: 4, state: "text" });
  expect(fast).toBeDefined();
  const chunk = await policy.infer({
    images: { front: picture(3, 80) },
    state: Float32Array.of(3, 0),
    task: "push the dot",
  });
  expect(chunk.actions).toHaveLength(4 * 2);
  await policy.close();

  // Two steps away from the published weights, all of them.
  const before = await readSafetensors(join(path("tuned"), "model.safetensors"));
  const after = await readSafetensors(join(result.last, "model.safetensors"));
  const moved = (name: string) => {
    const [a, b] = [before, after].map((file) => file.get(name)!.data as Float32Array);
    return Math.max(...a!.map((x, i) => Math.abs(x - b![i]!)));
  };
  for (const name of before.keys()) expect(moved(name), name).toBeLessThan(1e-3);
  expect(moved("model.action_out_proj.weight")).toBeGreaterThan(1e-6);

  // LeRobot opens the folder: its fields and no others, its tensors and no others.
  const golden = join(import.meta.dirname, "../golden/pi05");
  const json = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  const written = json(result.last, "config.json");
  const known = Object.keys(json(golden, "config.json"));
  expect(Object.keys(written).filter((name) => !known.includes(name))).toEqual([]);
  expect(written).toMatchObject({ type: "pi05", chunk_size: 4, max_action_dim: 32, image_resolution: [28, 28] });
  const theirs = [...(await readSafetensors(join(golden, "model.safetensors"))).keys()].map((name) =>
    name.replace(/vision_tower\.(?!vision_model)/, "vision_tower.vision_model."),
  );
  const anonymous = (names: Iterable<string>) =>
    [...new Set([...names].map((name) => name.replace(/\d+/, "N")))].sort();
  expect(anonymous(after.keys())).toEqual(
    anonymous([
      ...theirs.filter((name) => !name.endsWith("embed_tokens.weight")),
      "model.paligemma_with_expert.paligemma.lm_head.weight",
      "model.paligemma_with_expert.gemma_expert.lm_head.weight",
    ]),
  );
  const steps = json(result.last, "policy_preprocessor.json").steps as { registry_name: string; state_file?: string }[];
  expect(steps.map(({ registry_name }) => registry_name)).toEqual([
    "rename_observations_processor",
    "to_batch_processor",
    "relative_actions_processor",
    "normalizer_processor",
    "pi05_prepare_state_tokenizer_processor_step",
    "tokenizer_processor",
    "device_processor",
  ]);
  expect(existsSync(join(result.last, steps[3]!.state_file!))).toBe(true);
  const own = json(result.last, "pistar.json");
  expect(own).toMatchObject({ format_version: 1, conditioned: false, robot: { fps: 10 } });
}, 120_000);

test("a base model without statistics or cameras of ours takes the data's; sharded as well", async () => {
  await sharded(path("base"));
  rmSync(join(path("base"), "model.safetensors"));
  const { space, robot } = await read("base");
  expect(space).toBeUndefined();
  expect(robot).toMatchObject({ cameras: { front: "observation.images.front" }, deltaActions: [true, false] });
});

test("openpi's folder says how long a chunk is", async () => {
  mkdirSync(path("openpi"));
  await publishedFile(join(path("openpi"), "model.safetensors"));
  const config = { action_dim: 32, action_horizon: 10, paligemma_variant: "gemma_2b", precision: "bfloat16" };
  writeFileSync(join(path("openpi"), "config.json"), JSON.stringify(config));
  const { space, config: network } = await read("openpi");
  expect(network).toEqual({ ...publishedConfig, horizon: 10, promptTokens: 200 });
  expect(space).toBeUndefined();
});

test("other modes of normalisation, and actions relative to the state", async () => {
  await publishedFolder(path("mean"), { numbers: 2, cameras: ["front"], statistics, mapping: "MEAN_STD" });
  expect((await read("mean")).space!.actions).toEqual({
    mode: "mean_std",
    measures: [Float32Array.of(5, 6), Float32Array.of(7, 8)],
  });
  const relative = { enabled: true, exclude_joints: ["Gripper"], action_names: ["shoulder.pos", "gripper.pos"] };
  await publishedFolder(path("relative"), { numbers: 2, cameras: ["front"], statistics, relative });
  expect((await read("relative")).robot.deltaActions).toEqual([true, false]);
  await publishedFolder(path("identity"), { numbers: 2, cameras: ["front"], statistics, mapping: "IDENTITY" });
  await expect(read("identity")).rejects.toThrow("normalised by QUANTILES, MIN_MAX, MEAN_STD, got IDENTITY");
  const wider = Object.fromEntries(Object.entries(statistics).map(([name, row]) => [name, [...row, 1]]));
  await publishedFolder(path("another"), { numbers: 3, cameras: ["front"], statistics: wider });
  expect((await read("another")).space).toBeUndefined(); // another robot's
});

test("what is missing is said", async () => {
  await expect(read("tuned", { tokenizer: undefined })).rejects.toThrow("--tokenizer");
  await expect(loadPolicy(path("tuned"))).rejects.toThrow("fine-tune it first");
  await expect(loadPolicy(path("openpi.safetensors"))).rejects.toThrow("fine-tune it first");
  await publishedFolder(path("act"), { numbers: 2, cameras: ["front"] });
  const config = JSON.parse(readFileSync(join(path("act"), "config.json"), "utf8"));
  writeFileSync(join(path("act"), "config.json"), JSON.stringify({ ...config, type: "act" }));
  await expect(read("act")).rejects.toThrow('expected "pi05", got "act"');
  writeFileSync(join(path("act"), "config.json"), JSON.stringify({ ...config, use_visual_memory: true }));
  await expect(read("act")).rejects.toThrow("use_visual_memory: expected false, got true");
  writeFileSync(join(path("act"), "config.json"), JSON.stringify(config));
  rmSync(join(path("act"), "model.safetensors"));
  await expect(read("act")).rejects.toThrow("got neither");
});
