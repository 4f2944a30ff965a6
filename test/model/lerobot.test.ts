// A tiny π0.5 of LeRobot's own code (test/golden/pi05): hidden states, velocity and actions of its weights, read under both spellings of
// the vision encoder's names.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPrefix } from "../../src/model/backbone.ts";
import {
  absent,
  createActionSampler,
  initPolicyNetwork,
  loadWeights,
  type PolicyConfig,
  type PrefixBatch,
  parameterShapes,
  policyConfig,
  prefixFeeds,
  prefixInputs,
  storedShapes,
} from "../../src/model/index.ts";
import { velocity } from "../../src/model/policy-network.ts";
import { networkSizes } from "../../src/policy/published-policy.ts";
import { compile, createStore, input, readSafetensors, scope, writeSafetensors } from "../../src/tensor/index.ts";

interface Numbers {
  readonly pictures: Readonly<Record<string, readonly number[]>>;
  readonly pictureMasks: Readonly<Record<string, readonly number[]>>;
  readonly prompt: readonly number[];
  readonly promptMask: readonly number[];
  readonly noisy: readonly number[];
  readonly time: readonly number[];
  readonly noise: readonly number[];
  readonly hidden: readonly number[];
  readonly velocity: readonly number[];
  readonly actions: readonly number[];
}

const golden = join(import.meta.dirname, "../golden/pi05");
const numbers = JSON.parse(readFileSync(join(golden, "numbers.json"), "utf8")) as Numbers;
const weights = join(golden, "model.safetensors");
const size = 2;
const threads = 1;
const folder = mkdtempSync(join(tmpdir(), "pistar-lerobot-"));
afterAll(() => rmSync(folder, { recursive: true }));

const batch: PrefixBatch = {
  size,
  pictures: Object.fromEntries(Object.entries(numbers.pictures).map(([name, data]) => [name, Uint8Array.from(data)])),
  pictureMasks: Object.fromEntries(
    Object.entries(numbers.pictureMasks).map(([name, data]) => [name, Uint8Array.from(data)]),
  ),
  state: new Float32Array(size * 32),
  prompt: Int32Array.from(numbers.prompt),
  promptMask: Uint8Array.from(numbers.promptMask),
};

async function configOf(path: string): Promise<PolicyConfig> {
  const published = networkSizes(path, await storedShapes(path));
  return policyConfig(
    "pi05",
    { cameras: ["front", "wrist"], stateSize: 32, actionSize: 32 },
    { ...published, promptTokens: 12, horizon: 4, actionTokens: 0 },
  );
}

const furthest = (actual: ArrayLike<number>, expected: readonly number[]): number => {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((x, i) => Math.abs(x - actual[i]!)));
};

test("hidden states, velocity and ten Euler steps are LeRobot's", async () => {
  const config = await configOf(weights);
  const store = createStore();
  expect(await loadWeights(weights, parameterShapes(config), store)).toEqual([]);
  const policy = initPolicyNetwork(scope(), config);
  const inputs = prefixInputs(config, size);
  const prefix = readPrefix(policy.backbone, inputs);
  const noisy = input("noisy", [size, 4, 32]);
  const time = input("time", [size, 1]);
  const outputs = { hidden: prefix.hidden, velocity: velocity(policy, prefix, noisy, time) };
  const program = await compile({ inputs: [...inputs.all, noisy, time], outputs }, { store, threads });
  const feeds = prefixFeeds(config, batch);
  const run = await program.run({
    ...feeds,
    noisy: Float32Array.from(numbers.noisy),
    time: Float32Array.from(numbers.time),
  });
  // LeRobot computes something for absent tokens too; nobody reads it.
  const { width } = config.language;
  const there = (_: number, at: number) => (feeds.blocks as Int32Array)[Math.floor(at / width)] !== absent;
  const hidden = (run.hidden!.data as Float32Array).filter(there);
  const offs = {
    hidden: furthest(hidden, numbers.hidden.filter(there)),
    velocity: furthest(run.velocity!.data as Float32Array, numbers.velocity),
    actions: 0,
  };
  const sampler = await createActionSampler(policy, store, { batch: size, denoisingSteps: 10, threads });
  offs.actions = furthest(await sampler.sample(batch, Float32Array.from(numbers.noise)), numbers.actions);
  expect(offs.hidden).toBeLessThan(4e-6);
  expect(offs.velocity).toBeLessThan(3e-5);
  expect(offs.actions).toBeLessThan(1e-5);
});

test("both spellings of the vision encoder's names load, and second copies of tied weights are no surplus", async () => {
  const stored = await readSafetensors(weights);
  expect([...stored.keys()].some((name) => name.includes("vision_tower.embeddings."))).toBe(true);
  const embeddings = stored.get("model.paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight")!;
  const older = new Map(
    [...stored].map(([name, value]) => [name.replace("vision_tower.", "vision_tower.vision_model."), value] as const),
  );
  older.set("model.paligemma_with_expert.paligemma.lm_head.weight", embeddings);
  older.set("model.paligemma_with_expert.gemma_expert.lm_head.weight", embeddings);
  const path = join(folder, "older.safetensors");
  await writeSafetensors(path, older);
  const config = await configOf(path);
  expect(config).toEqual(await configOf(weights));
  const [a, b] = [createStore(), createStore()];
  expect(await loadWeights(path, parameterShapes(config), a)).toEqual([]);
  await loadWeights(weights, parameterShapes(config), b);
  expect(await a.readAll()).toEqual(await b.readAll());
});
