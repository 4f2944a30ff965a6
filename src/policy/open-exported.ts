// A policy that `exportPolicy` wrote, run from its files alone.
import { join } from "node:path";
import { fillPrompt, loadTokenizer, type TextTokenizer, tokenisePrompts } from "../model/index.ts";
import { elements, openOnnx, type TensorData, value } from "../tensor/index.ts";
import { dtypes, type Manifest, manifestFile, readManifest } from "./manifest.ts";
import {
  type Asked,
  type Computing,
  noiseOf,
  type PolicyObservation,
  pictures,
  type TrainedPolicy,
} from "./trained-policy.ts";

/**
 * Opens an exported policy. Its chunks all begin anew; several observations are answered one after another.
 *
 * @param folder with manifest.json
 * @throws Error where there is none, or where it is asked otherwise than it was exported
 */
export async function openExported(folder: string, options: Asked & Computing = {}): Promise<TrainedPolicy> {
  const manifest = readManifest(folder);
  const asked = askedAs(folder, manifest, options);
  const tokenizer = loadTokenizer(join(folder, manifest.tokenizer));
  const { device, threads } = options;
  const model = await openOnnx(join(folder, manifest.model), {
    ...(device && { device }),
    ...(threads && { threads }),
  });

  const infer = async (observation: PolicyObservation): Promise<Float32Array> => {
    const numbers = feeds(manifest, tokenizer, observation);
    const fed = manifest.inputs.map(({ name, shape, dtype }) => {
      const data = numbers[name];
      if (data === undefined)
        throw new Error(`${join(folder, manifestFile)}: expected inputs that pistar knows, got "${name}"`);
      return [name, value(data, shape, dtypes[dtype])] as const;
    });
    const { actions } = await model.run(Object.fromEntries(fed));
    return actions!.data as Float32Array;
  };

  return {
    path: folder,
    file: join(folder, manifestFile),
    robotType: manifest.robot_type,
    stateNames: manifest.state_names,
    joints: manifest.action_names,
    cameras: manifest.cameras,
    horizon: manifest.horizon,
    fps: manifest.fps,
    continues: false,
    largestBatch: 1,
    asked,
    infer,
    async inferBatch(observations) {
      const chunks: Float32Array[] = [];
      for (const observation of observations) chunks.push(await infer(observation));
      return chunks;
    },
    close: () => model.release(),
  };
}

/** The numbers of every input. */
function feeds(
  manifest: Manifest,
  tokenizer: TextTokenizer,
  observation: PolicyObservation,
): Record<string, TensorData> {
  const { cameras, state_names, image_size, inputs, prompt, normalization } = manifest;
  const { state, task } = observation;
  if (state.length !== state_names.length)
    throw new RangeError(`Expected a state of ${state_names.length} numbers, got ${state.length}`);
  const sizeOf = (name: string) => elements(inputs.find((input) => input.name === name)?.shape ?? []);
  const { center, scale } = normalization.state;
  const normalised = Array.from(state, (x, i) => (x - center[i]!) / scale[i]!);
  const numbers: Record<string, TensorData> = {
    state: Float32Array.from(state),
    noise: noiseOf(observation, sizeOf("noise")),
  };
  const say = (name: string, template: string) => {
    const text = fillPrompt(template, task, normalised);
    const { prompt, promptMask } = tokenisePrompts(tokenizer, [text], sizeOf(name));
    numbers[name] = prompt;
    numbers[`${name}_mask`] = promptMask;
  };
  say("prompt", prompt.template);
  if (prompt.unconditioned_template !== undefined) say("unconditioned_prompt", prompt.unconditioned_template);
  const shown = pictures([observation], { cameras, vision: { imageSize: image_size } });
  for (const camera of cameras) numbers[`pictures.${camera}`] = shown.pictures[camera]!;
  numbers.camera_mask = Uint8Array.from(cameras, (camera) => shown.pictureMasks[camera]![0]!);
  return numbers;
}

/** @throws Error where the policy is asked otherwise than it was exported: how it is asked is part of the model */
function askedAs(folder: string, { steps, guidance, advantage }: Manifest, options: Asked): TrainedPolicy["asked"] {
  const exported = { steps, guidance, advantage };
  for (const [name, is] of Object.entries(exported)) {
    const wanted = options[name as keyof Asked];
    if (wanted !== undefined && wanted !== is)
      throw new Error(
        `${folder}: expected to be asked as it was exported, with ${name} ${is}, got ${wanted}; leave it out, or export the checkpoint again with it`,
      );
  }
  return exported;
}
