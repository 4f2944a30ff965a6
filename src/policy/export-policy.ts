// Exports a checkpoint for any ONNX Runtime: policy.onnx, manifest.json, tokenizer.json, and an example with its
// answer.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { encodePng, type Image } from "../data/index.ts";
import { drawNoise, initPolicyNetwork, promptTemplate } from "../model/index.ts";
import type { PolicyInfo } from "../robot/index.ts";
import { PistarError, readJson, replaceFile } from "../system/index.ts";
import * as t from "../tensor/index.ts";
import { normalizerOf } from "./action-space.ts";
import { findCheckpoint, type PolicyDescription, readWeights } from "./checkpoint.ts";
import { type Continuing, decideContinuing } from "./continuing.ts";
import type { ExportOptions } from "./export-options.ts";
import { type ExportedGraph, exportedGraph } from "./exported-graph.ts";
import { decideInference, loadPolicy, roomyDescription } from "./load-policy.ts";
import { dtypeName, type Manifest, manifestFile } from "./manifest.ts";
import type { TrainedPolicy, TrainedRequest } from "./network-policy.ts";
import { openExported } from "./open-exported.ts";

export interface ExportedPolicy {
  /**
   * Largest difference between the answers of policy.onnx and of the checkpoint to the example, in the robot's units.
   */
  readonly difference: number;
  readonly manifest: Manifest;
}

/** Largest difference as a share of an answer, or of 1 for smaller answers. Reordered arithmetic stays below. */
const tolerance = 1e-3;

/**
 * Writes a policy into its own folder, new or overwritten. Both versions answer an example, kept in example/.
 *
 * @param path a run (its last checkpoint), a checkpoint, or a pretrained_model folder
 * @throws Error if there is no policy, it cannot take the options, the folder holds a checkpoint, or the answers differ
 */
export async function exportPolicy(path: string, out: string, options: ExportOptions): Promise<ExportedPolicy> {
  const { task, promptTokens, rtc, ...rest } = options;
  const folder = findCheckpoint(path, "last");
  if (existsSync(join(out, "config.json")))
    throw new PistarError(
      "already-there",
      `${out}: expected a folder for the exported policy alone, got one with a checkpoint's config.json`,
      { path: out },
    );
  const description = await roomyDescription(folder, promptTokens);
  const inference = decideInference(folder, description, rest);
  const continuing = rtc === "none" ? undefined : decideContinuing(folder, description, { rtcMode: rtc });
  const store = t.createStore();
  await readWeights(folder, description, store);
  const network = initPolicyNetwork(t.scope(), description.config);
  const continuation = continuing && (continuing.mode === "trained" ? "trained" : continuing.beta);
  const graph = exportedGraph(network, description.space, { ...inference, continuation });
  const tensors = Object.values(graph.inputs).map(({ tensor }) => tensor);

  // The manifest is written last: with one, a folder is whole.
  for (const old of [manifestFile, "policy.onnx.data"]) rmSync(join(out, old), { force: true });
  mkdirSync(join(out, "example"), { recursive: true });
  await t.exportOnnx(join(out, "policy.onnx"), { inputs: tensors, outputs: { actions: graph.actions } }, store);
  store.release();
  replaceFile(join(out, "tokenizer.json"), JSON.stringify(description.tokenizer.file));
  const manifest = manifestOf(description, graph, { inference, continuing }, readJson(join(folder, "config.json")));

  const example = exampleFor(description, task);
  const actions = await answer(loadPolicy(folder, { ...rest, promptTokens, saysSubtasks: false }), example);
  await writeExample(join(out, "example"), example, actions, description.robot.actionNames.length);
  replaceFile(join(out, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  const exported = await answer(openExported(out), example);
  const difference = exported.reduce((most, x, i) => Math.max(most, Math.abs(x - actions[i]!)), 0);
  if (exported.some((x, i) => !(Math.abs(x - actions[i]!) <= tolerance * Math.max(1, Math.abs(actions[i]!))))) {
    rmSync(join(out, manifestFile));
    throw new Error(`${out}: expected policy.onnx to answer as the checkpoint does, got a difference of ${difference}`);
  }
  return { difference, manifest };
}

async function answer(opening: Promise<TrainedPolicy>, request: TrainedRequest): Promise<Float32Array> {
  const policy = await opening;
  try {
    return (await policy.infer(request)).actions;
  } finally {
    await policy.close();
  }
}

function manifestOf(
  { config, robot, space, tokenizer }: PolicyDescription,
  { inputs, actions }: ExportedGraph,
  { inference, continuing }: { inference: NonNullable<PolicyInfo["inference"]>; continuing: Continuing | undefined },
  checkpoint: unknown,
): Manifest {
  const { denoisingSteps, guidance, advantageIndicator } = inference;
  const { observation_layout } = checkpoint as { observation_layout?: unknown };
  const entry = (name: string, { dtype, shape }: t.TensorType, about: string) => ({
    name,
    dtype: dtypeName(dtype),
    shape: [...shape],
    about,
  });
  const said = advantageIndicator === "none" ? undefined : advantageIndicator;
  return {
    format: "pistar-policy",
    format_version: 1,
    about:
      "An observation in the robot's units goes in and an action chunk in the robot's units comes out: normalisation, deltas to the state, " +
      "attention masks, the prefix and all Euler steps are inside the model. example/ has an observation with its noise and the actions.",
    model: "policy.onnx",
    tokenizer: "tokenizer.json",
    inputs: Object.entries(inputs).map(([name, { tensor, about }]) => entry(name, tensor, about)),
    outputs: [
      entry("actions", actions, "the chunk, fps actions a second, in the robot's units, in the order of action_names"),
    ],
    robot_type: robot.robotType,
    ...(robot.units && { units: robot.units }),
    fps: robot.fps,
    horizon: config.horizon,
    cameras: [...config.cameras],
    image_size: config.vision.imageSize,
    state_names: robot.stateNames,
    action_names: robot.actionNames,
    denoising_steps: denoisingSteps,
    guidance,
    advantage: advantageIndicator,
    ...(continuing && {
      continuation:
        continuing.mode === "trained" ? { mode: "trained", max_delay: continuing.delay } : { mode: "guided" },
    }),
    prompt: {
      template: promptTemplate(config.state, said),
      ...(guidance !== 1 && { unconditioned_template: promptTemplate(config.state) }),
      begin_token: tokenizer.begin,
      pad_token: tokenizer.pad,
    },
    normalization: {
      inside_model: true,
      state: plain(normalizerOf(space.state)),
      actions: { ...plain(normalizerOf(space.actions)), delta: [...space.deltaActions] },
    },
    ...(observation_layout !== undefined && { observation_layout }),
  };
}

const plain = ({ center, scale }: ReturnType<typeof normalizerOf>) => ({ center: [...center], scale: [...scale] });

/** Noisy images of the network's size, and a state near the middle of the data. */
function exampleFor(
  { config, space }: PolicyDescription,
  task: string,
): Required<Omit<TrainedRequest, "seed" | "leftover" | "subtask" | "truncatePrompt">> {
  const { cameras, vision, horizon, actionSize } = config;
  const random = t.random("example");
  const { center, scale } = normalizerOf(space.state);
  const side = vision.imageSize;
  const picture = (): Image => ({
    width: side,
    height: side,
    data: Uint8Array.from({ length: side ** 2 * 3 }, () => random.integer(256)),
  });
  return {
    task,
    state: Float32Array.from(center, (middle, i) => middle + 0.3 * random.normal() * scale[i]!),
    images: Object.fromEntries(cameras.map((camera) => [camera, picture()])),
    noise: drawNoise(horizon * actionSize, random),
  };
}

/** Writes observation.json, and a PNG for each camera beside it. */
async function writeExample(
  folder: string,
  { task, state, images, noise }: ReturnType<typeof exampleFor>,
  actions: Float32Array,
  joints: number,
): Promise<void> {
  const pictures: Record<string, string> = {};
  for (const [camera, image] of Object.entries(images)) {
    pictures[camera] = `${camera}.png`;
    replaceFile(join(folder, `${camera}.png`), await encodePng(image));
  }
  const rows = Array.from({ length: actions.length / joints }, (_, i) => [
    ...actions.slice(i * joints, (i + 1) * joints),
  ]);
  const example = { task, state: Array.from(state), pictures, noise: [...noise], actions: rows };
  replaceFile(join(folder, "observation.json"), JSON.stringify(example));
}
