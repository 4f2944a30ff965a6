// A trained policy from its checkpoint.
import { join } from "node:path";
import {
  type Advantage,
  type Continuation,
  createSampler,
  initPolicy,
  type PrefixBatch,
  type Sampler,
  softMask,
  tokenisePrompts,
} from "../model/index.ts";
import * as t from "../tensor/index.ts";
import { actionConverter } from "./action-space.ts";
import { findCheckpoint, type PolicyDescription, readPolicyDescription, readWeights } from "./checkpoint.ts";
import { joined, prompt } from "./prompt.ts";
import {
  type Asked,
  type Computing,
  noiseOf,
  type PolicyObservation,
  pictures,
  type TrainedPolicy,
} from "./trained-policy.ts";

export interface LoadPolicyOptions extends Asked, Computing {
  /** Room for longer instructions than those it was trained on. */
  readonly promptTokens?: number | undefined;
}

/** Numbers of a policy up to which every program holds a copy of its own. */
const smallPolicy = 2 ** 26;

/** β of real-time chunking: the paper's (arXiv 2506.07339), for few steps of denoising. */
const continuation = 5;

export interface LoadedPolicy extends TrainedPolicy {
  readonly description: PolicyDescription;
}

/**
 * Loads a policy for use.
 *
 * @param path a run (its last checkpoint), a checkpoint, or a pretrained_model folder
 * @throws Error where there is none, or where guidance is asked of a policy that knows no advantage
 */
export async function loadPolicy(path: string, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const { device = "cpu", threads } = options;
  const folder = findCheckpoint(path, "last");
  const description = await roomyDescription(folder, options.promptTokens);
  const { config, robot, tokenizer } = description;
  const asked = decided(folder, description, options);
  const { steps, guidance } = asked;
  const advantage = asked.advantage === "none" ? undefined : asked.advantage;
  const converter = actionConverter(description.space, config.stateSize, config.actionSize);
  const policy = initPolicy(t.scope(), config);
  const store = t.createStore();
  await readWeights(folder, description, store);
  const inline = store.names.reduce((count, name) => count + t.elements(store.type(name).shape), 0) <= smallPolicy;
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
      inline,
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
        filled.map(({ task }, i) => prompt(config, task, states[i]!, { advantage: by }, robot.stateNames.length)),
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
    file: join(folder, "config.json"),
    description,
    robotType: robot.robotType,
    stateNames: robot.stateNames,
    joints: robot.actionNames,
    cameras: config.cameras,
    horizon: config.horizon,
    fps: robot.fps,
    continues: true,
    largestBatch: Number.POSITIVE_INFINITY,
    asked,
    infer: async (observation) => (await inferBatch([observation]))[0]!,
    inferBatch,
    async close() {
      for (const sampler of samplers.values()) await (await sampler).release();
      store.release();
    },
  };
}

/** A checkpoint's description. @param promptTokens room for the prompt, if not its own */
export async function roomyDescription(folder: string, promptTokens: number | undefined): Promise<PolicyDescription> {
  const read = await readPolicyDescription(folder);
  return { ...read, config: { ...read.config, promptTokens: promptTokens ?? read.config.promptTokens } };
}

/** How a checkpoint is asked, what is left open decided. @throws Error where guidance is asked of a policy that knows no advantage */
export function decided(
  folder: string,
  { conditioned }: Pick<PolicyDescription, "conditioned">,
  { steps = 5, guidance = 1, advantage = conditioned ? "positive" : "none" }: Asked,
): TrainedPolicy["asked"] {
  if (guidance !== 1 && (advantage === "none" || !conditioned))
    throw new Error(
      `${folder}: expected a policy trained with advantages, and one to ask for, to guide by β = ${guidance}; got ` +
        (conditioned ? 'advantage "none"' : "one trained without (indicator none)"),
    );
  return { steps, guidance, advantage };
}
