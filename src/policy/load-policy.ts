// Loads a trained policy from its checkpoint.
import { join } from "node:path";
import {
  type ActionSampler,
  type AdvantageIndicator,
  createActionSampler,
  defaultDenoisingSteps,
  initPolicyNetwork,
  type PolicyNetwork,
  type PrefixBatch,
  promptUntilSubtask,
  tokenisePrompts,
} from "../model/index.ts";
import type { ActionChunk, PolicyInfo, PolicyRequest } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import * as t from "../tensor/index.ts";
import { actionConverter } from "./action-space.ts";
import { findCheckpoint, type PolicyDescription, readPolicyDescription, readWeights } from "./checkpoint.ts";
import { type Continuing, continuationOf, decideContinuing } from "./continuing.ts";
import type { ComputeOptions, InferenceOptions } from "./inference.ts";
import { networkPolicy, type TrainedPolicy } from "./network-policy.ts";
import { pictures } from "./pictures.ts";
import { fittingTask, joined, type PromptConditions, prompt } from "./prompt.ts";
import { storedLayout } from "./stored-layout.ts";
import { type SubtaskWriter, subtaskWriter } from "./subtask-writer.ts";

export interface LoadPolicyOptions extends InferenceOptions, ComputeOptions {
  /** Room for instructions longer than the training's, in tokens. */
  readonly promptTokens?: number | undefined;
  /** Whether a policy that was trained with subtasks says them (default: yes). An exported graph cannot. */
  readonly saysSubtasks?: boolean;
}

/** Most numbers of a small policy. Every program then holds its own copy of them and computes faster. */
const smallPolicy = 2 ** 26;

export interface LoadedPolicy extends TrainedPolicy {
  readonly description: PolicyDescription;
}

/**
 * Loads a trained policy.
 *
 * @param path a run (its last checkpoint), a checkpoint, or a pretrained_model folder
 * @throws Error if there is none, or guidance is asked of a policy without advantages
 */
export async function loadPolicy(path: string, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const folder = findCheckpoint(path, "last");
  const description = await roomyDescription(folder, options.promptTokens);
  const { config, robot, space, tokenizer } = description;
  const converter = actionConverter(space, config.stateSize, config.actionSize);
  const inference = decideInference(folder, description, options);
  const continuing = decideContinuing(folder, description, options);
  const observationLayout = storedLayout(join(folder, "config.json"));
  const store = t.createStore();
  await readWeights(folder, description, store);
  const policy = initPolicyNetwork(t.scope(), config);
  const samplers = openSamplers(policy, store, { ...inference, continuing }, options);
  const { device = "cpu", threads, saysSubtasks = true } = options;
  const writer =
    description.subtasks && saysSubtasks
      ? subtaskWriter(policy, store, tokenizer, { device, ...(threads && { threads }) })
      : undefined;
  const network = networkPolicy({
    id: folder,
    info: {
      robotType: robot.robotType,
      joints: robot.actionNames,
      stateNames: robot.stateNames,
      ...(robot.units && { units: robot.units }),
      cameras: config.cameras,
      fps: robot.fps,
      horizon: config.horizon,
      inference,
    },
    observationLayout,
    continues: true,
    largestBatch: Number.POSITIVE_INFINITY,
    noiseSize: config.horizon * config.actionSize,
    fitTask({ task, state }) {
      const { advantageIndicator: indicator } = inference;
      const said = { advantageIndicator: indicator === "none" ? undefined : indicator };
      const scaled = converter.state(state);
      const render = (text: string) => prompt(config, text, scaled, said, robot.stateNames.length);
      return fittingTask(task, render, tokenizer, config.promptTokens);
    },
    infer: (requests, noise) =>
      inferBatch(description, { ...inference, continuing }, { samplers, writer }, requests, noise),
    async close() {
      await writer?.release();
      await samplers.release();
      store.release();
    },
  });
  return { ...network, description };
}

type Inference = NonNullable<PolicyInfo["inference"]>;
type Sampling = Inference & { readonly continuing: Continuing };

interface Programs {
  readonly samplers: Samplers;
  /** Of a policy that says subtasks. */
  readonly writer: SubtaskWriter | undefined;
}

interface Samplers {
  /** The program for a number of requests, compiled on first use. */
  take(batch: number, continues: boolean): Promise<ActionSampler>;
  release(): Promise<void>;
}

function openSamplers(
  policy: PolicyNetwork,
  store: t.Store,
  { denoisingSteps, guidance, continuing }: Sampling,
  { device = "cpu", threads }: ComputeOptions,
): Samplers {
  const inline = store.names.reduce((count, name) => count + t.elements(store.type(name).shape), 0) <= smallPolicy;
  const samplers = new Map<string, Promise<ActionSampler>>();
  return {
    take(batch, continues) {
      const key = `${batch} ${continues}`;
      const known = samplers.get(key);
      if (known) return known;
      const made = createActionSampler(policy, store, {
        batch,
        denoisingSteps,
        guidance,
        device,
        inline,
        ...(continues && { continuation: continuing.mode === "trained" ? "trained" : continuing.beta }),
        ...(threads && { threads }),
      });
      samplers.set(key, made);
      return made;
    },
    async release() {
      for (const sampler of samplers.values()) await (await sampler).release();
    },
  };
}

async function inferBatch(
  { config, robot, space, tokenizer }: PolicyDescription,
  inference: Sampling,
  { samplers, writer }: Programs,
  requests: readonly PolicyRequest[],
  noise: readonly Float32Array[],
): Promise<Pick<ActionChunk, "actions" | "subtask">[]> {
  const converter = actionConverter(space, config.stateSize, config.actionSize);
  // A program has a fixed batch size. It is a power of two, and the last request fills it up.
  const size = 2 ** Math.ceil(Math.log2(requests.length));
  const filled = Array.from({ length: size }, (_, i) => Math.min(i, requests.length - 1));
  const asked = filled.map((i) => requests[i]!);
  const states = asked.map(({ state }) => converter.state(state));
  const indicator = inference.advantageIndicator === "none" ? undefined : inference.advantageIndicator;
  const seen = { size, ...pictures(asked, config), state: joined(states) };
  const promptOf = (i: number, conditions: PromptConditions) =>
    prompt(config, asked[i]!.task, states[i]!, conditions, robot.stateNames.length);
  const said = await writer?.write(
    seen,
    asked.map(({ task, subtask }, i) => {
      if (subtask !== undefined) return undefined;
      const state = states[i]!.subarray(0, robot.stateNames.length);
      const until = promptUntilSubtask({ task, ...(config.state === "text" && { state }) });
      return { until, without: promptOf(i, { advantageIndicator: indicator }) };
    }),
  );
  const subtasks = asked.map(({ subtask }, i) => (writer ? (subtask ?? said?.[i]) : undefined));
  const prompts = (advantageIndicator: AdvantageIndicator | undefined) =>
    tokenisePrompts(
      tokenizer,
      asked.map((_, i) => promptOf(i, { advantageIndicator, subtask: subtasks[i] })),
      config.promptTokens,
    );
  const batch: PrefixBatch = { ...seen, ...prompts(indicator) };
  const continues = requests.some(({ leftover }) => leftover !== undefined);
  const sampler = await samplers.take(size, continues);
  const chunks = await sampler.sample(
    batch,
    joined(filled.map((i) => noise[i]!)),
    inference.guidance === 1 ? undefined : prompts(undefined),
    continues ? continuationOf(asked, inference.continuing, config, converter, robot.actionNames.length) : undefined,
  );
  const length = config.horizon * config.actionSize;
  return requests.map(({ state }, i) => ({
    actions: converter.toRobot(chunks.subarray(i * length, (i + 1) * length), state),
    ...(subtasks[i] !== undefined && { subtask: subtasks[i] }),
  }));
}

/**
 * A checkpoint's description.
 * @param promptTokens room for the prompt; default: the checkpoint's own
 */
export async function roomyDescription(folder: string, promptTokens: number | undefined): Promise<PolicyDescription> {
  const read = await readPolicyDescription(folder);
  return { ...read, config: { ...read.config, promptTokens: promptTokens ?? read.config.promptTokens } };
}

/**
 * The sampling options of a checkpoint, with its own defaults.
 * @throws PistarError bad-option if guidance is asked of a policy without advantages
 */
export function decideInference(
  folder: string,
  { conditioned, config }: Pick<PolicyDescription, "conditioned" | "config">,
  {
    denoisingSteps = defaultDenoisingSteps(config),
    guidance = 1,
    advantageIndicator = conditioned ? "positive" : "none",
  }: InferenceOptions,
): Inference {
  if (guidance !== 1 && (advantageIndicator === "none" || !conditioned))
    throw new PistarError(
      "bad-option",
      `${folder}: expected a policy trained with advantages, and one to ask for, to guide by β = ${guidance}; got ` +
        (conditioned ? 'advantageIndicator "none"' : "one trained without (advantageIndicator none)"),
      { path: folder },
    );
  return { denoisingSteps, guidance, advantageIndicator };
}
