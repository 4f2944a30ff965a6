// A trained policy ready to act, wherever it comes from: observations in the robot's units in, action chunks in the robot's units out.
import { type Image, resizeWithPad } from "../data/index.ts";
import { type Advantage, drawNoise, type PrefixBatch } from "../model/index.ts";
import { random } from "../system/index.ts";
import type { Device } from "../tensor/index.ts";

/** How a policy is asked. What is left open is the policy's to decide. */
export interface Asked {
  /** Euler steps of denoising; 5 in π0.6. */
  readonly steps?: number | undefined;
  /** β of classifier-free guidance; 1: none. */
  readonly guidance?: number | undefined;
  /** What the prompt says of the advantage (default: "positive" where the policy was trained with it, else nothing). */
  readonly advantage?: Advantage | "none" | undefined;
}

/** Where a policy computes. */
export interface Computing {
  readonly device?: Device;
  readonly threads?: number;
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

export interface TrainedPolicy {
  /** Its folder. */
  readonly path: string;
  /** The JSON file in it that describes it. */
  readonly file: string;
  readonly robotType: string | null;
  /** Names of the state's numbers. */
  readonly stateNames: readonly string[];
  /** Names of the action's numbers, such as "shoulder_pan.pos". */
  readonly joints: readonly string[];
  /** Names of the cameras. */
  readonly cameras: readonly string[];
  /** Steps of a chunk. */
  readonly horizon: number;
  readonly fps: number;
  /** Whether its chunks can continue what is left of others. */
  readonly continues: boolean;
  /** Observations that it can answer in one pass. */
  readonly largestBatch: number;
  /** How it is asked, what was left open decided. */
  readonly asked: { readonly steps: number; readonly guidance: number; readonly advantage: Advantage | "none" };
  /** @returns [horizon, joints], targets in the robot's units */
  infer(observation: PolicyObservation): Promise<Float32Array>;
  /** Several observations, as a server has them. */
  inferBatch(observations: readonly PolicyObservation[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** The observation's noise. @param length numbers of it */
export function noiseOf({ noise, seed: [seed, step] = [0, 0] }: PolicyObservation, length: number): Float32Array {
  if (noise && noise.length !== length)
    throw new RangeError(`Expected ${length} numbers of noise, got ${noise.length}`);
  return noise ?? drawNoise(length, random(seed).split("policy").split(step));
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
