// The training that most arms share: it fine-tunes the pre-trained policy on the task's dataset with the run's options. Arms differ in the
// episodes and in the prompt.
import type { PolicyOptions } from "../../train/index.ts";
import { curveOf } from "../record.ts";
import { trainingOf } from "../run.ts";
import { trainPolicyStage } from "../trainings.ts";
import type { ArmInput, ArmTraining, OpenedArm } from "./arm.ts";

/** The folder of an arm's training. */
export const armFolder = (
  { run, task, iteration }: Pick<ArmInput, "run" | "task" | "iteration">,
  arm: string,
): string => trainingOf(run, armName(task, iteration, arm));

/** The name of an arm's training in a run, such as "cube-in-bowl/1/recap". */
export const armName = (task: string, iteration: number, arm: string): string => `${task}/${iteration}/${arm}`;

/**
 * Fine-tunes a policy as the stage `armName`.
 *
 * @param own options in which the arm differs from the others
 */
export async function fineTune(given: ArmInput, arm: string, own: Partial<PolicyOptions>): Promise<ArmTraining> {
  const { run, task, iteration, dataset, pretrained } = given;
  const { finetuneSteps, finetuneLearningRate, batchSize, draws, fast, dropout } = run.options;
  const name = armName(task, iteration, arm);
  const result = await trainPolicyStage(run, name, {
    datasets: [{ root: dataset }],
    options: {
      steps: finetuneSteps,
      batchSize,
      draws,
      learningRate: finetuneLearningRate,
      fast,
      from: pretrained,
      dropout,
      ...own,
    },
  });
  return { curves: [curveOf(name, result)], warnings: result.warnings };
}

/** Opens what `fineTune` trained. */
export const openFineTuned = (
  given: ArmInput,
  arm: string,
  advantageIndicator: OpenedArm["advantageIndicator"],
): OpenedArm => ({
  policy: armFolder(given, arm),
  advantageIndicator,
  guidance: 1,
});
