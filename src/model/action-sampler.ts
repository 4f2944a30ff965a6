// The action sampler: from an observation to an action chunk. The prefix is encoded once. Euler steps then integrate
// the expert's velocity from noise at time 1 to an action at time 0. B observations, H steps of a chunk, A numbers of
// an action.

import type { Program, Store, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import {
  type PrefixBatch,
  type PrefixInputs,
  type PrefixTensors,
  prefixFeeds,
  prefixInputs,
  readPrefix,
} from "./backbone.ts";
import { defaultDenoisingSteps } from "./config.ts";
import { type PolicyNetwork, velocity } from "./policy-network.ts";
import { type Continuation, continuedVelocity, withGivenSteps } from "./real-time-chunking.ts";

/** Options of sampling. */
export interface ActionSamplerOptions {
  /** Observations in one pass; default 1. */
  readonly batch?: number;
  /** Euler steps; default `defaultDenoisingSteps`: 5, as π0.6 takes, and 10 for π0.5's network. */
  readonly denoisingSteps?: number;
  /**
   * β of classifier-free guidance, v = v_u + β (v_c − v_u), at every step; default 1. At 1 only the conditioned prompt
   * is read. For other values `sample` needs the prompt without the indicator too.
   */
  readonly guidance?: number;
  /**
   * How chunks continue given ones (real-time chunking). A number: guided, with this β, 5 in its paper; it costs a backward pass through the
   * expert at every step. "trained": the network has learned it. Default: every chunk begins anew.
   */
  readonly continuation?: number | "trained";
  readonly device?: t.Device;
  readonly threads?: number;
  /** Whether the current weights become part of the program, see `t.compile`. */
  readonly inline?: boolean;
}

/** A prompt without the advantage indicator. Guidance leads away from it. */
export type Unconditioned = Pick<PrefixBatch, "prompt" | "promptMask" | "promptCausal">;

/** A compiled sampler for one number of observations. */
export interface ActionSampler {
  readonly batch: number;
  /**
   * Samples a chunk for each observation.
   * @param noise standard normal, [B, H, A]
   * @param unconditioned the same observations' prompts without indicator, needed if β is not 1
   * @param continued the chunks to continue, needed if the sampler has a `continuation`
   * @returns normalised actions [B, H, A]
   * @throws RangeError for another number of observations; TypeError for a missing prompt or continuation
   */
  sample(
    observations: PrefixBatch,
    noise: Float32Array,
    unconditioned?: Unconditioned,
    continued?: Continuation<Float32Array>,
  ): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Sampling as one graph. Its `inputs` are a prefix's (of 2 B observations with guidance), "noise" and, with
 * continuation, "previous" and "weights".
 */
export function samplingGraph(
  policy: PolicyNetwork,
  options: ActionSamplerOptions = {},
): { readonly prefix: PrefixInputs; readonly inputs: readonly Tensor[]; readonly actions: Tensor } {
  const { batch = 1, guidance = 1, continuation } = options;
  const { horizon, actionSize } = policy.config;
  const prefix = prefixInputs(policy.config, guidance !== 1 ? 2 * batch : batch);
  const noise = t.input("noise", [batch, horizon, actionSize]);
  const continued = {
    previous: t.input("previous", noise.shape),
    weights: t.input("weights", [batch, horizon]),
  };
  const actions = denoised(policy, prefix, noise, options, continued);
  const more = continuation === undefined ? [] : [continued.previous, continued.weights];
  return { prefix, inputs: [...prefix.all, noise, ...more], actions };
}

/**
 * Euler steps from noise [B, H, A] to normalised actions [B, H, A].
 * @param prefix of B observations; with guidance of 2 B, the second half with the unconditioned prompts
 * @param continued the chunks to continue, used with `continuation` alone
 * @throws RangeError for fewer than 1 denoising step, or a negative β
 */
export function denoised(
  policy: PolicyNetwork,
  prefix: PrefixTensors,
  noise: Tensor,
  {
    denoisingSteps = defaultDenoisingSteps(policy.config),
    guidance = 1,
    continuation,
  }: Pick<ActionSamplerOptions, "denoisingSteps" | "guidance" | "continuation">,
  continued?: Continuation<Tensor>,
): Tensor {
  if (!(Number.isInteger(denoisingSteps) && denoisingSteps >= 1))
    throw new RangeError(`Expected at least 1 denoising step, got ${denoisingSteps}`);
  if (!(guidance >= 0 && Number.isFinite(guidance)))
    throw new RangeError(`Expected a guidance β from 0, got ${guidance}`);
  if (typeof continuation === "number" && !(continuation >= 0 && Number.isFinite(continuation)))
    throw new RangeError(`Expected a β of real-time chunking from 0, got ${continuation}`);
  const twice = (x: Tensor) => (guidance === 1 ? x : t.concat([x, x], 0));
  const read = readPrefix(policy.backbone, prefix);
  const given = continuation === "trained" ? continued! : undefined;
  const free = given && t.sub(1, given.weights);
  let x = given ? withGivenSteps(noise, given) : noise;
  for (let step = 0; step < denoisingSteps; step++) {
    const time = 1 - step / denoisingSteps;
    const times = free ? twice(t.mul(free, time)) : t.full(time, [twice(x).shape[0]!, 1]);
    const field = (x: Tensor) => {
      const v = velocity(policy, read, twice(x), times);
      return guidance === 1 ? v : guide(v, noise.shape[0]!, guidance);
    };
    const v = typeof continuation === "number" ? continuedVelocity(field, x, time, continued!, continuation) : field(x);
    const next = t.sub(x, t.mul(v, 1 / denoisingSteps));
    x = given ? withGivenSteps(next, given) : next;
  }
  return x;
}

/** v_u + β (v_c − v_u), the conditioned half first. */
function guide(v: Tensor, batch: number, guidance: number): Tensor {
  const [conditioned, free] = t.split(v, 0, [batch, batch]);
  return t.add(free!, t.mul(t.sub(conditioned!, free!), guidance));
}

/** Compiles sampling for a policy with its parameters in `store`. */
export async function createActionSampler(
  policy: PolicyNetwork,
  store: Store,
  options: ActionSamplerOptions = {},
): Promise<ActionSampler> {
  const { batch = 1, guidance = 1, continuation, device, threads, inline = false } = options;
  const { inputs, actions } = samplingGraph(policy, options);
  const program: Program = await t.compile(
    { inputs, outputs: { actions } },
    { store, inline, ...(device && { device }), ...(threads && { threads }) },
  );
  return {
    batch,
    async sample(observations, noise, unconditioned, continued) {
      if (observations.size !== batch)
        throw new RangeError(`Expected ${batch} observations at once, got ${observations.size}`);
      if (guidance !== 1 && !unconditioned)
        throw new TypeError(`Expected prompts without indicator too, for guidance β = ${guidance}; got none`);
      if ((continuation === undefined) !== (continued === undefined))
        throw new TypeError(
          continued
            ? "Expected a sampler made with continuation for chunks that continue others, got one without"
            : "Expected what the chunks continue (weights of 0 for nothing), for a sampler made with continuation; got none",
        );
      const observed = guidance === 1 ? observations : paired(observations, unconditioned!);
      const outputs = await program.run({ ...prefixFeeds(policy.config, observed), noise, ...continued });
      return outputs.actions!.data as Float32Array;
    },
    release: () => program.release(),
  };
}

/** The observations twice, the second time with the unconditioned prompts. */
function paired(observations: PrefixBatch, { prompt, promptMask, promptCausal }: Unconditioned): PrefixBatch {
  const { size, pictures, pictureMasks, state } = observations;
  const twice = <T extends Uint8Array | Int32Array | Float32Array>(a: T, b: T): T => {
    const both = new (a.constructor as new (length: number) => T)(a.length + b.length);
    both.set(a);
    both.set(b, a.length);
    return both;
  };
  const each = (masks: Readonly<Record<string, Uint8Array>>) =>
    Object.fromEntries(Object.entries(masks).map(([camera, bytes]) => [camera, twice(bytes, bytes)]));
  const none = new Uint8Array(observations.prompt.length);
  return {
    size: 2 * size,
    pictures: each(pictures),
    ...(pictureMasks && { pictureMasks: each(pictureMasks) }),
    state: twice(state, state),
    prompt: twice(observations.prompt, prompt),
    promptMask: twice(observations.promptMask, promptMask),
    promptCausal: twice(observations.promptCausal ?? none, promptCausal ?? none),
  };
}
