// The advantage indicator on its way into the prompt (arXiv 2511.14759, sections IV-B and V-B). `label.ts` has written it into a column of the
// labels, by recap/advantage-indicator.ts. Here it is read for every frame, travels in the batch, and becomes what each prompt says;
// model/text/prompt.ts writes the line "Advantage: positive".
import { type Batch, type BatchSource, type FrameLabels, readLabels } from "../data/index.ts";
import type { AdvantageIndicator } from "../model/index.ts";
import type { PromptConditions } from "../policy/index.ts";
import type { Random } from "../system/index.ts";
import type { PolicyOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

/**
 * The indicator of each dataset's frames, from the column `advantage` of its labels: 1 positive, 0 negative, −1 for a frame without a label.
 *
 * @param tag of the labels
 * @throws Error naming a dataset without such labels
 */
export async function readAdvantageIndicators(
  { datasets }: Pick<TrainingData, "datasets">,
  tag: string,
): Promise<FrameLabels[]> {
  const all: FrameLabels[] = [];
  for (const { root, episodes } of datasets) {
    const { episode_index, frame_index, advantage } = await readLabels(root, "advantages", tag);
    const starts = new Map<number, number>();
    let total = 0;
    for (const { index, length } of episodes) {
      starts.set(index, total);
      total += length;
    }
    const advantageIndicator = new Int8Array(total).fill(-1);
    for (const [row, indicator] of advantage.entries())
      advantageIndicator[starts.get(episode_index[row]!)! + frame_index[row]!] = indicator;
    all.push({ advantageIndicator });
  }
  return all;
}

/** The indicator that each sample's prompt would say without dropout, [B]; undefined where it would say nothing. */
export function advantageIndicatorsOf(
  { advantageIndicator }: Pick<Batch, "advantageIndicator">,
  from: PolicyOptions["advantageIndicator"],
): (AdvantageIndicator | undefined)[] {
  return Array.from(advantageIndicator, (indicator) => {
    if (from === "positive") return "positive";
    if (from === "none" || indicator === -1) return undefined;
    return indicator === 1 ? "positive" : "negative";
  });
}

/**
 * What each training prompt of a batch says beside instruction and state, [B]. The indicator and the subtask are each left out with
 * probability `dropout`, on their own: so one network learns the policy with and without the indicator, as guidance needs it.
 */
export function trainingConditions(
  batch: Pick<Batch, "advantageIndicator" | "subtasks">,
  { advantageIndicator, dropout }: Pick<PolicyOptions, "advantageIndicator" | "dropout">,
  random: Random,
): PromptConditions[] {
  const isKept = () => random.uniform() >= dropout;
  const indicators = advantageIndicatorsOf(batch, advantageIndicator).map((one) => (isKept() ? one : undefined));
  return indicators.map((indicator, at) => {
    const subtask = batch.subtasks[at];
    return { advantageIndicator: indicator, subtask: subtask && isKept() ? subtask : undefined };
  });
}

/** A warning where the prompts of some frames say nothing for want of a label; else none. */
export function unlabelledWarning(
  sources: readonly BatchSource[],
  { advantageIndicator: from, labels }: Pick<PolicyOptions, "advantageIndicator" | "labels">,
): string[] {
  const all = sources.flatMap(({ frames, advantageIndicator }) =>
    [...frames].map((frame) => advantageIndicator[frame]),
  );
  const unlabelled = all.filter((indicator) => indicator === -1).length;
  if (from !== "labels" || unlabelled === 0) return [];
  return [
    `${unlabelled} of ${all.length} training frames have no label "${labels}": their prompts said nothing of the advantage. ` +
      "Label all of them (pistar label).",
  ];
}
