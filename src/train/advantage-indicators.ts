// The advantage indicator from the label file to the prompt (arXiv 2511.14759, sections IV-B and V-B). recap/advantage-indicator.ts computes it
// and `label.ts` writes it to the column `advantage` of the labels. This file reads the column for every frame. Batches carry it
// (`Batch.advantageIndicator`). This file then decides what each prompt says, and model/text/prompt.ts writes the line "Advantage: positive".
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

/** What each sample's prompt says of the advantage before dropout, [B]. Undefined: nothing. */
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
 * What each training prompt of a batch says beside instruction and state, [B]. Indicator and subtask are left out with probability
 * `dropout`, independently of each other. The network thus learns the policy with and without the indicator; guidance needs both.
 *
 * @param saysIndicator [B], whether the indicator is kept, if the way a sample was drawn decides it (`withPositiveShare`)
 */
export function trainingConditions(
  batch: Pick<Batch, "advantageIndicator" | "subtasks">,
  { advantageIndicator, dropout }: Pick<PolicyOptions, "advantageIndicator" | "dropout">,
  random: Random,
  saysIndicator?: readonly boolean[],
): PromptConditions[] {
  const isKept = () => random.uniform() >= dropout;
  const indicators = advantageIndicatorsOf(batch, advantageIndicator).map((one, at) =>
    (saysIndicator?.[at] ?? isKept()) ? one : undefined,
  );
  return indicators.map((indicator, at) => {
    const subtask = batch.subtasks[at];
    return { advantageIndicator: indicator, subtask: subtask && isKept() ? subtask : undefined };
  });
}

/** A warning if some frames have no label, so that their prompts say nothing; else none. */
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
