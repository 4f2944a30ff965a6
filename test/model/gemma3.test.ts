// Gemma 3 and SigLIP against the transformers library (test/golden/gemma3): hidden states of scaled-down models, read under their published
// names, and the parameters of the published sizes.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { logits, readPrefix } from "../../src/model/backbone.ts";
import {
  fitTokenizer,
  initPolicyNetwork,
  initValueFunction,
  type PolicyConfig,
  parameterShapes,
  policyConfig,
  prefixFeeds,
  prefixInputs,
  resizePositions,
  sizes,
  type ValueConfig,
  valueConfig,
} from "../../src/model/index.ts";
import { encodePictures } from "../../src/model/vision.ts";
import { openBackbone } from "../../src/policy/index.ts";
import { random } from "../../src/system/index.ts";
import {
  compile,
  createStore,
  elements,
  input,
  readSafetensors,
  scope,
  writeSafetensors,
} from "../../src/tensor/index.ts";

interface Numbers {
  readonly multimodal: {
    readonly config: object;
    readonly pictures: readonly number[];
    readonly prompt: readonly number[];
    readonly hidden: readonly number[];
    readonly logits: readonly number[];
  };
  readonly text: { readonly config: object; readonly hidden: readonly number[] };
  readonly siglip: { readonly seen: readonly number[] };
  readonly positions: { readonly from: readonly number[]; readonly to: readonly number[] };
  readonly counts: Readonly<Record<"4B" | "4B vision" | "4B projector" | "270M", number>>;
}

const golden = join(import.meta.dirname, "../golden/gemma3");
const numbers = JSON.parse(readFileSync(join(golden, "numbers.json"), "utf8")) as Numbers;
const [batch, length, threads] = [2, 20, 1];
const home = mkdtempSync(join(tmpdir(), "pistar-gemma3-"));
afterAll(() => rmSync(home, { recursive: true }));

const body = { cameras: ["front"], stateSize: 3, actionSize: 2 };
const language = { width: 24, layers: 6, hidden: 40, heads: 4, keyValueHeads: 2, headSize: 8 };
const vision = {
  kind: "siglip",
  imageSize: 56,
  patch: 14,
  width: 24,
  layers: 2,
  hidden: 40,
  heads: 3,
  pool: 2,
} as const;
const tiny: Partial<PolicyConfig> = {
  vision,
  language: { ...language, gemma3: { window: 9, globalScaling: 8 } },
  expert: { width: 12, hidden: 16 },
  vocabulary: 64,
  promptTokens: length,
};
const policy = policyConfig("pi06", body, tiny);
const value: ValueConfig = valueConfig("pi06", body, {
  vision,
  language: { ...language, gemma3: { window: 9, globalScaling: 1 } },
  vocabulary: 64,
  promptTokens: length,
});

/** A folder as Hugging Face has it. */
function published(name: string, weights: string, config: object): string {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(golden, weights), join(folder, "model.safetensors"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(fitTokenizer(["fold"], 300).file));
  return folder;
}

const furthest = (actual: ArrayLike<number>, expected: readonly number[]): number => {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((x, i) => Math.abs(x - actual[i]!)));
};

/** Weights of a network that begins from a folder. */
const learned = async (config: PolicyConfig | ValueConfig, backbone: string, siglip?: string) =>
  (await openBackbone({ backbone, vision: siglip, size: "pi06" }, "policy")!.weights(config)) as Map<string, never>;

/** Hidden states [B, S, C] and last logits [B, V] of one image (where `sees`) and the prompt. */
async function read(config: PolicyConfig | ValueConfig, weights: ReadonlyMap<string, never>, sees: boolean) {
  const model = scope();
  const { backbone } = "expert" in config ? initPolicyNetwork(model, config) : initValueFunction(model, config);
  const inputs = prefixInputs(config, batch);
  const prefix = readPrefix(backbone, inputs);
  const store = createStore([...model.initialize(random(0)), ...weights]);
  const outputs = { hidden: prefix.hidden, logits: logits(backbone, prefix.hidden) };
  const program = await compile({ inputs: inputs.all, outputs }, { store, threads });
  const { pictures, prompt } = numbers.multimodal;
  const run = await program.run(
    prefixFeeds(config, {
      size: batch,
      pictures: sees ? { front: Uint8Array.from(pictures) } : {},
      state: new Float32Array(0),
      prompt: Int32Array.from(prompt),
      promptMask: new Uint8Array(prompt.length).fill(1),
    }),
  );
  await program.release();
  const vocabulary = 64;
  const last = run.logits!.data as Float32Array;
  return {
    hidden: run.hidden!.data as Float32Array,
    logits: Float32Array.from({ length: batch * vocabulary }, (_, i) => {
      const sample = Math.floor(i / vocabulary);
      return last[((sample + 1) * (length + 4) - 1) * vocabulary + (i % vocabulary)]!;
    }),
  };
}

test("image and text: hidden states and logits are transformers', with scaled global rotary angles and a small window", async () => {
  const folder = published("gemma-3-4b", "model.safetensors", numbers.multimodal.config);
  const found = await read(policy, await learned(policy, folder), true);
  expect(furthest(found.hidden, numbers.multimodal.hidden)).toBeLessThan(1e-5);
  expect(furthest(found.logits, numbers.multimodal.logits)).toBeLessThan(1e-5);
});

test("text alone, without scaling, with the eyes of SigLIP's folder", async () => {
  const folder = published("gemma-3-270m", "text.safetensors", numbers.text.config);
  const siglip = published("siglip", "siglip.safetensors", {});
  const weights = await learned(value, folder, siglip);
  const { hidden } = await read(value, weights, false);
  // Absent images stand before the prompt.
  const { width } = value.language;
  const ofPrompt = hidden.filter((_, i) => Math.floor(i / width) % (length + 4) >= 4);
  expect(furthest(ofPrompt, numbers.text.hidden)).toBeLessThan(1e-5);

  const tower = initValueFunction(scope(), { ...value, vision: { ...vision, pool: 1 } }).backbone.vision;
  const pictures = input("pictures", [batch, 56, 56, 3], "u8");
  const program = await compile(
    { inputs: [pictures], outputs: { seen: encodePictures(tower, pictures) } },
    { store: createStore([...weights]), threads },
  );
  const run = await program.run({ pictures: Uint8Array.from(numbers.multimodal.pictures) });
  expect(furthest(run.seen!.data as Float32Array, numbers.siglip.seen)).toBeLessThan(1e-5);
  await expect(learned(value, folder)).rejects.toThrow("--vision FOLDER");
});

test("the names of older releases load alike", async () => {
  const folder = published("older", "model.safetensors", numbers.multimodal.config);
  const stored = await readSafetensors(join(folder, "model.safetensors"));
  const older = [...stored].map(
    ([name, tensor]) =>
      [
        name
          .replace("model.language_model.", "language_model.model.")
          .replace(/^model\.vision_tower\.(vision_model\.)?/, "vision_tower.vision_model.")
          .replace("model.multi_modal_projector.", "multi_modal_projector."),
        tensor,
      ] as const,
  );
  expect(older.map(([name]) => name)).toContain("language_model.model.layers.0.self_attn.q_norm.weight");
  expect(older.map(([name]) => name)).toContain("multi_modal_projector.mm_soft_emb_norm.weight");
  await writeSafetensors(join(folder, "model.safetensors"), older);
  expect(await learned(policy, folder)).toEqual(await learned(policy, join(home, "gemma-3-4b")));
});

test("another window, scaling or size is refused", async () => {
  const folder = join(home, "gemma-3-4b");
  const other = (gemma3: PolicyConfig["language"]["gemma3"]) => ({ ...policy, language: { ...language, gemma3 } });
  await expect(learned(other({ window: 16, globalScaling: 8 }), folder)).rejects.toThrow(
    "expected Gemma 3 with a window of 16 and positions divided by 8, got Gemma 3 with a window of 9 and positions divided by 8",
  );
  await expect(learned(other({ window: 9, globalScaling: 1 }), folder)).rejects.toThrow("divided by 1, got");
  await expect(learned(other(false), folder)).rejects.toThrow("expected Gemma, got Gemma 3");
  await expect(learned({ ...policy, language: { ...policy.language, hidden: 48 } }, folder)).rejects.toThrow(
    "of shape [48, 24]",
  );
});

test("pictures of another size: positions are resized as torch does, spare rows of the vocabulary are padding", async () => {
  const { from, to } = numbers.positions;
  expect(furthest(resizePositions(Float32Array.from(from), 64, 16), to)).toBeLessThan(1e-6);
  const half = { ...policy, vision: { ...vision, imageSize: 28, pool: 1 }, vocabulary: 70 };
  const weights = await learned(half, join(home, "gemma-3-4b"));
  const shapes = parameterShapes(half);
  for (const [name, { shape }] of weights as Map<string, { shape: readonly number[] }>)
    expect(shape, name).toEqual(shapes.get(name));
  const rows = weights.get("paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight") as unknown as {
    data: Float32Array;
  };
  expect(rows.data.slice(0, 64 * 24).every((x) => x !== 0)).toBe(true);
  expect(rows.data.slice(64 * 24).every((x) => x === 0)).toBe(true);
});

test("the published sizes have as many parameters as transformers counts", () => {
  const counted = (config: PolicyConfig | ValueConfig, part: string) =>
    [...parameterShapes(config)].reduce((sum, [name, shape]) => sum + (name.includes(part) ? elements(shape) : 0), 0);
  const { pi06 } = sizes;
  // At 896 pixels, Gemma 3's own; π0.6 takes 448.
  const own = { ...pi06.vision, imageSize: 896, pool: 4 } as PolicyConfig["vision"];
  const of4B = policyConfig("pi06", body, { vision: own });
  expect(counted(of4B, "paligemma.model.")).toBe(numbers.counts["4B"]);
  expect(counted(of4B, "vision_tower")).toBe(numbers.counts["4B vision"]);
  expect(counted(of4B, "multi_modal_projector")).toBe(numbers.counts["4B projector"]);
  expect(counted(of4B, "gemma_expert") / 1e6).toBeCloseTo(860, -1);
  const of270M = valueConfig("pi06", body, { vocabulary: 262_144 });
  expect(counted(of270M, "language_model")).toBe(numbers.counts["270M"]);
  expect([pi06.language.gemma3, pi06.value.language.gemma3]).toEqual([
    { window: 1024, globalScaling: 8 },
    { window: 512, globalScaling: 1 },
  ]);
});
