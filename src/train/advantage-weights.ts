// How much each frame counts in advantage-weighted regression (Peng et al. 2019, arXiv 1910.00177), which RECAP is compared with.
import { type Batch, readLabels } from "../data/index.ts";
import type { PolicyOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

/**
 * How much each sample of a batch counts, [B]: 1, or by its advantage where the options have a temperature. Where positive frames are drawn
 * apart (`withPositiveShare`) there are two pools of each dataset, in the order of the datasets.
 */
export async function batchWeights(
  data: TrainingData,
  { temperature, labels }: Pick<PolicyOptions, "temperature" | "labels">,
): Promise<(batch: Batch) => number[]> {
  const weightOf = temperature === undefined ? () => 1 : await advantageWeights(data, labels, temperature);
  const { length } = data.datasets;
  return ({ source, episodeIndex, frameIndex }) =>
    Array.from(source, (pool, at) => weightOf(pool % length, episodeIndex[at]!, frameIndex[at]!));
}

/** How much a frame counts, from 0; by position of its dataset, episode_index and frame_index. */
type FrameWeight = (dataset: number, episode: number, frame: number) => number;

/** The largest weight, as its authors clip it. */
const largest = 20;

/**
 * exp(advantage / temperature) of every frame that is labelled, at most 20; 0 of those that are not.
 * @param tag of the labels that hold the advantages
 * @throws Error naming a dataset without such labels
 */
export async function advantageWeights(
  { given }: Pick<TrainingData, "given">,
  tag: string,
  temperature: number,
): Promise<FrameWeight> {
  const weights: Map<number, number[]>[] = [];
  for (const { root } of given) {
    const { episode_index, frame_index, advantage_continuous } = await readLabels(root, "advantages", tag);
    const episodes = new Map<number, number[]>();
    for (const [row, episode] of episode_index.entries()) {
      const frames = episodes.get(episode) ?? [];
      frames[frame_index[row]!] = Math.min(largest, Math.exp(advantage_continuous[row]! / temperature));
      episodes.set(episode, frames);
    }
    weights.push(episodes);
  }
  return (dataset, episode, frame) => weights[dataset]!.get(episode)?.[frame] ?? 0;
}
