import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { random } from "../system/index.ts";
import { createStore, elements, gradient, type Shape, scope, writeSafetensors } from "../tensor/index.ts";
import { samplingGraph } from "./action-sampler.ts";
import { policyConfig, type Size, sizes, valueConfig } from "./config.ts";
import { policyLoss } from "./policy-loss.ts";
import { initPolicyNetwork } from "./policy-network.ts";
import { initValueFunction, valueLoss } from "./value-function.ts";
import { loadWeights, parameterShapes, saveWeights } from "./weights.ts";

const body = { cameras: ["base_0_rgb", "left_wrist_0_rgb", "right_wrist_0_rgb"], stateSize: 32, actionSize: 32 };

/** Names and shapes of the published π0.5 checkpoint, from its description alone. */
function published(): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  const linear = (name: string, out: number, inputs: number, bias = true) => {
    shapes.set(`${name}.weight`, [out, inputs]);
    if (bias) shapes.set(`${name}.bias`, [out]);
  };
  const norm = (name: string, width: number) => {
    shapes.set(`${name}.weight`, [width]);
    shapes.set(`${name}.bias`, [width]);
  };
  const paligemma = "paligemma_with_expert.paligemma.model";
  const vision = `${paligemma}.vision_tower.vision_model`;
  shapes.set(`${vision}.embeddings.patch_embedding.weight`, [1152, 3, 14, 14]);
  shapes.set(`${vision}.embeddings.patch_embedding.bias`, [1152]);
  shapes.set(`${vision}.embeddings.position_embedding.weight`, [256, 1152]);
  for (let i = 0; i < 27; i++) {
    const layer = `${vision}.encoder.layers.${i}`;
    for (const name of ["layer_norm1", "layer_norm2"]) norm(`${layer}.${name}`, 1152);
    for (const name of ["q", "k", "v", "out"]) linear(`${layer}.self_attn.${name}_proj`, 1152, 1152);
    linear(`${layer}.mlp.fc1`, 4304, 1152);
    linear(`${layer}.mlp.fc2`, 1152, 4304);
  }
  norm(`${vision}.post_layernorm`, 1152);
  linear(`${paligemma}.multi_modal_projector.linear`, 2048, 1152);
  shapes.set(`${paligemma}.language_model.embed_tokens.weight`, [257_152, 2048]);
  const expert = "paligemma_with_expert.gemma_expert.model";
  for (const [name, width, hidden] of [
    [`${paligemma}.language_model`, 2048, 16_384],
    [expert, 1024, 4096],
  ] as const) {
    const scaled = (key: string) =>
      name === expert ? linear(`${key}.dense`, 3072, 1024) : shapes.set(`${key}.weight`, [2048]);
    for (let i = 0; i < 18; i++) {
      const layer = `${name}.layers.${i}`;
      linear(`${layer}.self_attn.q_proj`, 2048, width, false);
      linear(`${layer}.self_attn.k_proj`, 256, width, false);
      linear(`${layer}.self_attn.v_proj`, 256, width, false);
      linear(`${layer}.self_attn.o_proj`, width, 2048, false);
      linear(`${layer}.mlp.gate_proj`, hidden, width, false);
      linear(`${layer}.mlp.up_proj`, hidden, width, false);
      linear(`${layer}.mlp.down_proj`, width, hidden, false);
      scaled(`${layer}.input_layernorm`);
      scaled(`${layer}.post_attention_layernorm`);
    }
    scaled(`${name}.norm`);
  }
  linear("action_in_proj", 1024, 32);
  linear("action_out_proj", 32, 1024);
  linear("time_mlp_in", 1024, 1024);
  linear("time_mlp_out", 1024, 1024);
  return shapes;
}

test("pi05 has the published names and shapes", () => {
  const sorted = (shapes: Map<string, Shape>) => Object.fromEntries([...shapes].sort(([a], [b]) => (a < b ? -1 : 1)));
  expect(sorted(parameterShapes(policyConfig("pi05", body)))).toEqual(sorted(published()));
});

const millions = (shapes: ReadonlyMap<string, Shape>, part: RegExp) =>
  Math.round([...shapes].reduce((sum, [name, shape]) => sum + (part.test(name) ? elements(shape) : 0), 0) / 1e6);

test("pi06 has the published numbers of parameters", () => {
  const policy = parameterShapes(policyConfig("pi06", body));
  expect(millions(policy, /language_model/)).toBe(3880); // Gemma 3 4B without its vision tower
  expect(millions(policy, /gemma_expert/)).toBe(859); // "860M"
  expect(millions(policy, /vision_tower/)).toBe(413); // SigLIP So400m at 448 pixels
  const value = parameterShapes(valueConfig("pi06", body));
  expect(millions(value, /language_model/)).toBe(268); // Gemma 3 270M
});

describe.each(Object.keys(sizes) as Size[])("%s", (size) => {
  test("loss, its gradient and sampling build, without memory for weights", () => {
    const model = scope();
    const policy = initPolicyNetwork(model, policyConfig(size, body));
    const { loss, parts } = policyLoss(policy, 2, { learnsText: true });
    expect(Object.values(parts).every(Boolean)).toBe(true);
    const gradients = gradient(loss, model.parameters);
    expect(gradients.map(({ shape }) => shape)).toEqual(model.parameters.map(({ shape }) => shape));
    const { actions } = samplingGraph(policy, { denoisingSteps: 5, guidance: 2 });
    expect(actions.shape).toEqual([1, policy.config.horizon, 32]);
  });

  test("the value function builds", () => {
    const model = scope();
    const { loss, logits } = valueLoss(initValueFunction(model, valueConfig(size, body)), 2);
    expect(logits.shape).toEqual([2, 201]);
    expect(gradient(loss, model.parameters)).toHaveLength(model.parameters.length);
  });
});

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-weights-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "model.safetensors");
  const { language } = sizes.nano;
  const config = policyConfig(
    "nano",
    { cameras: ["front"], stateSize: 3, actionSize: 2 },
    { language: { ...language, width: 8, layers: 1 }, expert: { width: 8, hidden: 8 }, vocabulary: 10 },
  );
  const shapes = parameterShapes(config);
  const model = scope();
  initPolicyNetwork(model, config);
  const values = model.initialize(random(0));

  test("what is saved is loaded", async () => {
    await saveWeights(file, shapes, createStore(values));
    const store = createStore();
    expect(await loadWeights(file, shapes, store)).toEqual([]);
    expect(await store.readAll()).toEqual(values);
  });

  test("averages are saved under the parameters' names", async () => {
    const averages = [...values].map(([name, value]) => [`ema.${name}`, value] as const);
    await saveWeights(file, shapes, createStore(averages), (name) => `ema.${name}`);
    const store = createStore();
    await loadWeights(file, shapes, store);
    expect(await store.readAll()).toEqual(values);
  });

  test("tensors without use are named, missing ones and other shapes are errors", async () => {
    const extra = { dtype: "f32", shape: [1], data: Float32Array.of(1) } as const;
    await writeSafetensors(file, new Map([...values, ["extra", extra] as const]));
    expect(await loadWeights(file, shapes, createStore())).toEqual(["extra"]);
    await writeSafetensors(file, new Map([...values].filter(([name]) => name !== "state_proj.bias")));
    await expect(loadWeights(file, shapes, createStore())).rejects.toThrow(
      `expected ${shapes.size} tensors, 1 are missing, such as state_proj.bias`,
    );
    await writeSafetensors(file, new Map([...values, ["state_proj.bias", extra] as const]));
    await expect(loadWeights(file, shapes, createStore())).rejects.toThrow(
      "expected state_proj.bias of shape [8], got [1]",
    );
  });
});
