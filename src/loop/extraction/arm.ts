// An arm of a run: one way to extract a policy from a task's data. RECAP, the cloned policy before it, and every control are arms.
// A run compares them: same data, same pre-trained checkpoint, same evaluation episodes.
import type { Driving } from "../../rollout/index.ts";
import type { ValueSource } from "../../train/index.ts";
import type { Run } from "../run.ts";
import type { Curve } from "../summary.ts";

/** One way to extract a policy. Each arm is a file of this folder; `controls.ts` lists those that `--controls` offers. */
export interface ExtractionArm<Name extends string = string> {
  /** Names the arm's training, its stages and its rows in summary.json. */
  readonly name: Name;
  /** For tables and charts. */
  readonly title: string;
  /** Whether its prompts never say the advantage. The run then has a pre-training without it. */
  readonly wordless?: true;
  /**
   * Trains the arm's networks: a policy, or a critic and more beside it. An arm with another arm's policy trains
   * nothing. Each part is a stage of the run, so a killed run continues with its last part.
   */
  train(given: ArmInput): Promise<ArmTraining>;
  /** How the trained policy is opened, to be evaluated and to collect episodes. */
  open(given: ArmInput): OpenedArm;
}

/** Input of an arm's training. */
export interface ArmInput {
  readonly run: Run;
  readonly task: string;
  /** 0 before the first iteration: then the dataset holds demonstrations alone. */
  readonly iteration: number;
  /** Folder of the task's dataset. */
  readonly dataset: string;
  /** Tag of the iteration's labels in the dataset. Iteration 0 has no labels. */
  readonly labels: string;
  /** The values behind these labels. */
  readonly values: () => ValueSource;
  /** Folder of the pre-trained policy. Every arm with the advantage in its prompts begins there. */
  readonly pretrained: string;
  /** Folder of the policy whose pre-training never saw the advantage, for wordless arms. */
  readonly pretrainedWordless: string;
  /** The policy that collected the iteration's episodes, and its name in the dataset. */
  readonly actor: () => OpenedArm & { readonly policyName: string };
}

/** Results of an arm's trainings. */
export interface ArmTraining {
  readonly curves: readonly Curve[];
  /** In words; empty if all is well. */
  readonly warnings: readonly string[];
}

/** The policy as `openPolicy` takes it (a folder, a URL or a module), and how it is asked. */
export type OpenedArm = Required<Pick<Driving, "policy" | "advantageIndicator" | "guidance">>;
