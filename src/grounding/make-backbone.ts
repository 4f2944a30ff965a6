// Makes a backbone's folder for trainings to begin from: the backbones of a policy and of a value function.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Network } from "../policy/index.ts";
import { replaceFile } from "../system/index.ts";
import type { TrainingProgress } from "../train/index.ts";
import type { GroundingErrors } from "./errors.ts";
import { type GroundingOptions, trainGrounding } from "./train-grounding.ts";

/** Input of `makeBackbone`. */
export interface BackboneInput {
  /** Receives the trainings' run folders policy/ and value/, and their result, backbone/. */
  readonly folder: string;
  /** The networks to make; default: both. */
  readonly networks?: readonly Network[];
  readonly options?: Partial<GroundingOptions>;
  /** Whether to continue an interrupted run. */
  readonly resume?: boolean;
  readonly onProgress?: (network: Network, progress: TrainingProgress) => void;
  /** Stops after the step in progress, with a checkpoint (see `TrainingControls`). */
  readonly signal?: AbortSignal | undefined;
}

/** The folder of the backbone, and its errors on held-out scenes. */
export interface MadeBackbone {
  readonly backbone: string;
  readonly errors: Readonly<Partial<Record<Network, GroundingErrors>>>;
}

/**
 * Trains the networks one after the other.
 * @throws Error saying what is wrong with the folder or an option
 */
export async function makeBackbone({
  folder,
  networks = ["policy", "value"],
  onProgress,
  ...input
}: BackboneInput): Promise<MadeBackbone> {
  const backbone = join(folder, "backbone");
  mkdirSync(backbone, { recursive: true });
  const train = async (network: Network): Promise<GroundingErrors> => {
    const { last, errors } = await trainGrounding({
      ...input,
      run: join(folder, network),
      network,
      onProgress: (progress) => onProgress?.(network, progress),
    });
    for (const file of [`${network}.safetensors`, "tokenizer.json", "state.json"])
      copyFileSync(join(last, file), join(backbone, file));
    return errors;
  };
  const errors: Partial<Record<Network, GroundingErrors>> = {};
  for (const network of networks) errors[network] = await train(network);
  replaceFile(join(backbone, "errors.json"), `${JSON.stringify(errors, null, 2)}\n`);
  return { backbone, errors };
}
