// Runs an exported policy from its files alone.
import { join } from "node:path";
import { fillPrompt, loadTokenizer, type TextTokenizer, tokenisePrompts } from "../model/index.ts";
import type { PolicyInfo, PolicyRequest } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import { elements, openOnnx, type TensorData, value } from "../tensor/index.ts";
import { type Continuing, usualBeta, weightsOf } from "./continuing.ts";
import type { ComputeOptions, InferenceOptions } from "./inference.ts";
import { dtypes, type Manifest, manifestFile, readManifest } from "./manifest.ts";
import { networkPolicy, type TrainedPolicy } from "./network-policy.ts";
import { pictures } from "./pictures.ts";
import { fittingTask } from "./prompt.ts";
import { storedLayout } from "./stored-layout.ts";

/**
 * Opens an exported policy. It answers requests one after another. Its chunks continue others if it was exported so.
 *
 * @param folder with manifest.json
 * @throws PistarError if there is none, or the inference options differ from the export's
 */
export async function openExported(
  folder: string,
  options: InferenceOptions & ComputeOptions = {},
): Promise<TrainedPolicy> {
  const manifest = readManifest(folder);
  const inference = exportedInference(folder, manifest, options);
  const observationLayout = storedLayout(join(folder, manifestFile));
  const tokenizer = loadTokenizer(join(folder, manifest.tokenizer));
  const { device, threads } = options;
  const model = await openOnnx(join(folder, manifest.model), {
    ...(device && { device }),
    ...(threads && { threads }),
  });
  return networkPolicy({
    id: folder,
    info: {
      robotType: manifest.robot_type,
      joints: manifest.action_names,
      stateNames: manifest.state_names,
      ...(manifest.units && { units: manifest.units }),
      cameras: manifest.cameras,
      fps: manifest.fps,
      horizon: manifest.horizon,
      inference,
    },
    observationLayout,
    continues: manifest.continuation !== undefined,
    largestBatch: 1,
    noiseSize: inputSize(manifest, "noise"),
    fitTask({ task, state }) {
      const { prompt, normalization } = manifest;
      const { center, scale } = normalization.state;
      const normalised = Array.from(state, (x, i) => (x - center[i]!) / scale[i]!);
      const render = (text: string) => fillPrompt(prompt.template, text, normalised);
      return fittingTask(task, render, tokenizer, inputSize(manifest, "prompt"));
    },
    async infer([request], [noise]) {
      const numbers = feeds(manifest, tokenizer, request!, noise!);
      const fed = manifest.inputs.map(({ name, shape, dtype }) => {
        const data = numbers[name];
        if (data === undefined)
          throw new PistarError(
            "damaged-file",
            `${join(folder, manifestFile)}: expected inputs that pistar knows, got "${name}"`,
            { path: join(folder, manifestFile) },
          );
        return [name, value(data, shape, dtypes[dtype])] as const;
      });
      const { actions } = await model.run(Object.fromEntries(fed));
      return [{ actions: actions!.data as Float32Array }];
    },
    close: () => model.release(),
  });
}

const inputSize = ({ inputs }: Manifest, name: string): number =>
  elements(inputs.find((input) => input.name === name)?.shape ?? []);

/** Only weights are asked of it: β is inside the model. */
const continuingOf = (continuation: NonNullable<Manifest["continuation"]>): Continuing =>
  continuation.mode === "trained"
    ? { mode: "trained", delay: continuation.max_delay }
    : { mode: "guided", beta: usualBeta };

/** The numbers of every input. */
function feeds(
  manifest: Manifest,
  tokenizer: TextTokenizer,
  { task, state, images, leftover }: PolicyRequest,
  noise: Float32Array,
): Record<string, TensorData> {
  const { cameras, image_size, prompt, normalization, continuation, horizon, action_names } = manifest;
  const { center, scale } = normalization.state;
  const normalised = Array.from(state, (x, i) => (x - center[i]!) / scale[i]!);
  const numbers: Record<string, TensorData> = {
    state,
    noise,
  };
  if (continuation) {
    const width = action_names.length;
    const { actions = new Float32Array(0), delay = 0 } = leftover ?? {};
    const previous = new Float32Array(horizon * width);
    previous.set(actions);
    numbers.previous = previous;
    numbers.previous_weights = weightsOf(continuingOf(continuation), horizon, actions.length / width, delay);
  }
  const say = (name: string, template: string) => {
    const text = fillPrompt(template, task, normalised);
    const { prompt, promptMask } = tokenisePrompts(tokenizer, [text], inputSize(manifest, name));
    numbers[name] = prompt;
    numbers[`${name}_mask`] = promptMask;
  };
  say("prompt", prompt.template);
  if (prompt.unconditioned_template !== undefined) say("unconditioned_prompt", prompt.unconditioned_template);
  const shown = pictures([{ images }], { cameras, vision: { imageSize: image_size } });
  for (const camera of cameras) numbers[`pictures.${camera}`] = shown.pictures[camera]!;
  numbers.camera_mask = Uint8Array.from(cameras, (camera) => shown.pictureMasks[camera]![0]!);
  return numbers;
}

/**
 * The sampling options, fixed by the export.
 * @throws Error if other options are asked for
 */
function exportedInference(
  folder: string,
  { denoising_steps: denoisingSteps, guidance, advantage: advantageIndicator, continuation }: Manifest,
  options: InferenceOptions,
): NonNullable<PolicyInfo["inference"]> {
  const exported = { denoisingSteps, guidance, advantageIndicator };
  for (const [name, is] of Object.entries({ ...exported, rtcMode: continuation?.mode ?? "none" })) {
    const wanted = options[name as keyof InferenceOptions];
    if (wanted !== undefined && wanted !== is)
      throw new PistarError(
        "bad-option",
        `${folder}: expected to be asked as it was exported, with ${name} ${is}, got ${wanted}; leave it out, or export the checkpoint again with it`,
        { path: folder },
      );
  }
  return exported;
}
