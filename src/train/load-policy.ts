// A trained policy ready to act: observations in the robot's units in, action chunks in the robot's units out.
import { type Image, resizeWithPad } from "../data/index.ts";
import {
  type Advantage,
  type Continuation,
  createSampler,
  drawNoise,
  initPolicy,
  type PrefixBatch,
  type Sampler,
  softMask,
  tokenisePrompts,
} from "../model/index.ts";
import type { Device } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { actionConverter } from "./action-space.ts";
import { findCheckpoint, type PolicyDescription, readPolicyDescription, readWeights } from "./checkpoint.ts";
import { joined, prompt } from "./policy-samples.ts";

export interface LoadPolicyOptions {
  /** Euler steps of denoising; 5 in π0.6. */
  readonly steps?: number;
  /** β of classifier-free guidance; 1: none. */
  readonly guidance?: number;
  /** What the prompt says of the advantage (default: "positive" where the policy was trained with it, else nothing). */
  readonly advantage?: Advantage | "none";
  readonly device?: Device;
  readonly threads?: number;
  /** Room for longer instructions than those it was trained on. */
  readonly promptTokens?: number;
}

/** What a policy sees at once. */
export interface PolicyObservation {
  /** By camera ("front"), of any size. A camera that is missing is masked. */
  readonly images: Readonly<Record<string, Image>>;
  /** In the order and units of the dataset. */
  readonly state: ArrayLike<number>;
  /** The instruction. */
  readonly task: string;
  /** Standard normal, [horizon, action size of the network]; default: drawn from `seed`. */
  readonly noise?: Float32Array;
  /** Of the noise: the episode's seed and the number of the question since its start; default [0, 0]. The same give the same actions. */
  readonly seed?: readonly [seed: number, step: number];
  /** What the chunk is to continue (real-time chunking); without it, it begins anew. */
  readonly leftover?: PolicyLeftover;
}

/** What is left of the chunk that is being executed, and how many of its actions will have been when the next one takes over. */
interface PolicyLeftover {
  /** [steps, joints], in the robot's units, from the observation's moment on. */
  readonly actions: Float32Array;
  readonly delay: number;
}

/** β of real-time chunking: the paper's (arXiv 2506.07339), for few steps of denoising. */
const continuation = 5;

export interface LoadedPolicy {
  /** The checkpoint's folder. */
  readonly path: string;
  readonly description: PolicyDescription;
  /** Names of the action's numbers, such as "shoulder_pan.pos". */
  readonly joints: readonly string[];
  /** Names of the cameras. */
  readonly cameras: readonly string[];
  /** Steps of a chunk. */
  readonly horizon: number;
  readonly fps: number;
  /** How it is asked, what was left open decided. */
  readonly asked: Required<Pick<LoadPolicyOptions, "steps" | "guidance" | "advantage">>;
  /** @returns [horizon, joints], targets in the robot's units */
  infer(observation: PolicyObservation): Promise<Float32Array>;
  /** Several observations in one pass, as a server has them. */
  inferBatch(observations: readonly PolicyObservation[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Loads a policy for use.
 *
 * @param path a run (its last checkpoint), a checkpoint, or a pretrained_model folder
 * @throws Error where there is none, or where guidance is asked of a policy that knows no advantage
 */
export async function loadPolicy(path: string, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const { steps = 5, guidance = 1, device = "cpu", threads } = options;
  const folder = findCheckpoint(path, "last");
  const read = await readPolicyDescription(folder);
  const description = {
    ...read,
    config: { ...read.config, promptTokens: options.promptTokens ?? read.config.promptTokens },
  };
  const { config, robot, conditioned, tokenizer } = description;
  const said = options.advantage ?? (conditioned ? "positive" : "none");
  const advantage = said === "none" ? undefined : said;
  if (guidance !== 1 && (advantage === undefined || !conditioned))
    throw new Error(
      `${folder}: expected a policy trained with advantages, and one to ask for, to guide by β = ${guidance}; got ` +
        (conditioned ? 'advantage "none"' : "one trained without (indicator none)"),
    );
  const converter = actionConverter(description.space, config.stateSize, config.actionSize);
  const policy = initPolicy(t.scope(), config);
  const store = t.createStore();
  await readWeights(folder, description, store);
  const samplers = new Map<string, Promise<Sampler>>();
  const samplerFor = (batch: number, continues: boolean): Promise<Sampler> => {
    const key = `${batch} ${continues}`;
    const known = samplers.get(key);
    if (known) return known;
    const made = createSampler(policy, store, {
      batch,
      steps,
      guidance,
      device,
      ...(continues && { continuation }),
      ...(threads && { threads }),
    });
    samplers.set(key, made);
    return made;
  };

  /** What is left of the chunks before, relative to what is seen now; weights of 0 for those without one. */
  const continuationOf = (observations: readonly PolicyObservation[]): Continuation<Float32Array> => {
    const { horizon, actionSize } = config;
    const width = robot.actionNames.length;
    const previous = new Float32Array(observations.length * horizon * actionSize);
    const weights = new Float32Array(observations.length * horizon);
    for (const [i, { leftover, state }] of observations.entries()) {
      if (!leftover) continue;
      const { actions, delay } = leftover;
      if (actions.length % width !== 0)
        throw new RangeError(
          `Expected what is left of a chunk as [steps, ${width}] actions, got ${actions.length} numbers`,
        );
      const left = actions.subarray(0, horizon * width);
      previous.set(converter.toModel(left, Float32Array.from(state)), i * horizon * actionSize);
      weights.set(softMask(horizon, left.length / width, delay), i * horizon);
    }
    return { previous, weights };
  };

  const inferBatch = async (observations: readonly PolicyObservation[]): Promise<Float32Array[]> => {
    if (observations.length === 0) return [];
    // Programs have a fixed size: a power of two, filled up with the last observation.
    const size = 2 ** Math.ceil(Math.log2(observations.length));
    const filled = Array.from({ length: size }, (_, i) => observations[i] ?? observations.at(-1)!);
    const states = filled.map(({ state }) => converter.state(Float32Array.from(state)));
    const prompts = (by: Advantage | undefined) =>
      tokenisePrompts(
        tokenizer,
        filled.map(({ task }, i) => prompt(config, task, states[i]!, by, robot.stateNames.length)),
        config.promptTokens,
      );
    const batch: PrefixBatch = { size, ...pictures(filled, config), state: joined(states), ...prompts(advantage) };
    const noise = joined(filled.map((observation) => noiseOf(observation, config.horizon * config.actionSize)));
    const continues = observations.some(({ leftover }) => leftover !== undefined);
    const sampler = await samplerFor(size, continues);
    const unconditioned = guidance === 1 ? undefined : prompts(undefined);
    const chunks = await sampler.sample(batch, noise, unconditioned, continues ? continuationOf(filled) : undefined);
    const length = config.horizon * config.actionSize;
    return observations.map(({ state }, i) =>
      converter.toRobot(chunks.subarray(i * length, (i + 1) * length), Float32Array.from(state)),
    );
  };

  return {
    path: folder,
    description,
    joints: robot.actionNames,
    cameras: config.cameras,
    horizon: config.horizon,
    fps: robot.fps,
    asked: { steps, guidance, advantage: said },
    infer: async (observation) => (await inferBatch([observation]))[0]!,
    inferBatch,
    async close() {
      for (const sampler of samplers.values()) await (await sampler).release();
      store.release();
    },
  };
}

function noiseOf({ noise, seed: [seed, step] = [0, 0] }: PolicyObservation, length: number): Float32Array {
  if (noise && noise.length !== length)
    throw new RangeError(`Expected ${length} numbers of noise, got ${noise.length}`);
  return noise ?? drawNoise(length, t.random(seed).split("policy").split(step));
}

/** The cameras' pictures at the network's size, masked where one is missing. */
export function pictures(
  observations: readonly Pick<PolicyObservation, "images">[],
  { cameras, vision: { imageSize } }: { cameras: readonly string[]; vision: { imageSize: number } },
): Pick<PrefixBatch, "pictures"> & { pictureMasks: Record<string, Uint8Array> } {
  const bytes = imageSize ** 2 * 3;
  const shown: Record<string, Uint8Array> = {};
  const pictureMasks: Record<string, Uint8Array> = {};
  for (const camera of cameras) {
    const all = new Uint8Array(observations.length * bytes);
    for (const [i, { images }] of observations.entries())
      if (images[camera]) all.set(resizeWithPad(images[camera], imageSize, imageSize).data, i * bytes);
    shown[camera] = all;
    pictureMasks[camera] = Uint8Array.from(observations, ({ images }) => (images[camera] ? 1 : 0));
  }
  if (cameras.length > 0 && observations.some((_, i) => cameras.every((camera) => pictureMasks[camera]![i] === 0)))
    throw new Error(
      `Expected pictures of the cameras ${cameras.join(", ")}, got ${Object.keys(observations[0]!.images).join(", ") || "none"}`,
    );
  return { pictures: shown, pictureMasks };
}
