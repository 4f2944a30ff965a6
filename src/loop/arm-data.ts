// What each policy of a run learns from: some episodes of its task's data set, and how much every frame counts.
import { openDataset, readLabels } from "../data/index.ts";
import type { SampleWeight } from "../train/index.ts";
import type { ArmPlan } from "./arms.ts";

/** episode_index of the episodes of D_ℓ that a policy learns from; the first `demonstrations` are those. */
export async function armEpisodes(
  root: string,
  { episodes: which }: ArmPlan,
  demonstrations: number,
): Promise<number[]> {
  const dataset = await openDataset(root);
  try {
    const chosen: number[] = [];
    for (const { index, extra } of dataset.episodes) {
      if (which === "demonstrations" && index >= demonstrations) continue;
      if (which === "successes" && extra.episode_success !== "success") continue;
      if (which === "uncorrected" && extra.episode_supervisor !== "none") continue;
      chosen.push(index);
    }
    return chosen;
  } finally {
    await dataset.close();
  }
}

/** The largest weight of advantage-weighted regression, as its authors clip it (Peng et al. 2019, arXiv 1910.00177). */
const largest = 20;

/** exp(advantage / temperature) of every labelled frame, at most 20. */
export async function sampleWeights(root: string, tag: string, temperature: number): Promise<SampleWeight> {
  const { episode_index, frame_index, advantage_continuous } = await readLabels(root, "advantages", tag);
  const weights = new Map<number, number[]>();
  for (const [row, episode] of episode_index.entries()) {
    const frames = weights.get(episode) ?? [];
    frames[frame_index[row]!] = Math.min(largest, Math.exp(advantage_continuous[row]! / temperature));
    weights.set(episode, frames);
  }
  return (_, episode, frame) => weights.get(episode)?.[frame] ?? 0;
}
