// A network fine-tuned from π0.5 as LeRobot's own checkpoint: its config.json, its processors and its weights' names, so that LeRobot opens the
// folder. LeRobot refuses unknown fields in config.json, so pistar's own stand beside it in pistar.json.
import type { PolicyConfig } from "../model/index.ts";
import type { RobotFeatures } from "./robot-features.ts";

/** Sizes of a head, Gemma's and SigLIP's. No shape shows them, and LeRobot has no others. */
export const headSize = 256;
export const visionHeadSize = 72;

interface Described {
  readonly config: PolicyConfig;
  readonly robot: Pick<RobotFeatures, "actionNames" | "deltaActions">;
}

/** Whether LeRobot's class for π0.5 can hold a network and its action space. */
export function isPi05({ config, robot }: Described): boolean {
  const { vision, language, state } = config;
  return (
    vision.kind === "siglip" &&
    vision.pool === 1 &&
    vision.width === vision.heads * visionHeadSize &&
    language.gemma3 === false &&
    language.headSize === headSize &&
    state === "text" &&
    // LeRobot names absolute joints by a part of their names.
    robot.actionNames.every((name, at) => isExcluded(name, absoluteNames(robot)) !== robot.deltaActions[at])
  );
}

const absoluteNames = ({ actionNames, deltaActions }: Described["robot"]): string[] =>
  actionNames.filter((_, at) => !deltaActions[at]);

/** LeRobot's rule: a joint stays absolute if its name holds one of these words. */
export const isExcluded = (name: string | undefined, excluded: readonly string[]): boolean =>
  excluded.some((word) => name?.toLowerCase().includes(word.toLowerCase()));

const relative = ({ robot }: Described) => ({
  enabled: robot.deltaActions.some(Boolean),
  exclude_joints: absoluteNames(robot),
  action_names: robot.actionNames,
});

/** The fields of LeRobot's config.json beside features, normalisation and chunk size. */
export function pi05Fields(described: Described): Record<string, unknown> {
  const { config } = described;
  const { enabled, exclude_joints, action_names } = relative(described);
  return {
    type: "pi05",
    n_obs_steps: 1,
    paligemma_variant: "gemma_2b",
    action_expert_variant: "gemma_300m",
    dtype: "float32",
    max_state_dim: config.stateSize,
    max_action_dim: config.actionSize,
    num_inference_steps: 10,
    image_resolution: [config.vision.imageSize, config.vision.imageSize],
    tokenizer_max_length: config.promptTokens,
    use_relative_actions: enabled,
    relative_exclude_joints: exclude_joints,
    action_feature_names: action_names,
  };
}

/** A step of a processor, as LeRobot writes it. */
export interface ProcessorStep {
  readonly registry_name: string;
  readonly config: object;
  readonly state_file?: string;
}

/** The steps of π0.5's pre-processor and post-processor around pistar's normalisation. */
export function pi05Steps(
  described: Described,
  normalizer: ProcessorStep,
  unnormalizer: ProcessorStep,
): { readonly before: ProcessorStep[]; readonly after: ProcessorStep[] } {
  const step = (registry_name: string, config: object): ProcessorStep => ({ registry_name, config });
  return {
    before: [
      step("rename_observations_processor", { rename_map: {} }),
      step("to_batch_processor", {}),
      step("relative_actions_processor", relative(described)),
      normalizer,
      step("pi05_prepare_state_tokenizer_processor_step", {}),
      step("tokenizer_processor", {
        max_length: described.config.promptTokens,
        task_key: "task",
        padding_side: "right",
        padding: "max_length",
        truncation: true,
        tokenizer_name: "google/paligemma-3b-pt-224",
      }),
      step("device_processor", { device: "cpu", float_dtype: null }),
    ],
    after: [
      unnormalizer,
      step("absolute_actions_processor", { enabled: relative(described).enabled }),
      step("device_processor", { device: "cpu", float_dtype: null }),
    ],
  };
}

/** Where LeRobot keeps the normalisation of such a checkpoint: its place among the steps is part of the name. */
export const pi05Normalizer = "policy_preprocessor_step_3_normalizer_processor.safetensors";
