// Weights of frames for advantage-weighted regression (Peng et al. 2019, arXiv 1910.00177), a baseline for RECAP.
import { type Batch, readLabels } from "../data/index.ts";
import { interventions } from "./interventions.ts";
import type { PolicyOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

/**
 * The weight of each sample of a batch, [B]: by its advantage if the options have a temperature, else 1. `withPositiveShare` makes three
 * pools of each dataset, each time in the order of the datasets; a sample's pool modulo their number is its dataset.
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

/** The weight of a frame, from 0, by the position of its dataset, its episode_index and its frame_index. */
type FrameWeight = (dataset: number, episode: number, frame: number) => number;

/** Weights are clipped to 20, as the authors do. */
const largest = 20;

/**
 * exp(advantage / temperature) of each labelled frame, at most 20. Corrections have the largest weight, as RECAP labels them positive. Frames
 * without a label get 0.
 * @param tag of the labels that hold the advantages
 * @throws Error naming a dataset without such labels
 */
export async function advantageWeights(
  { datasets }: Pick<TrainingData, "datasets">,
  tag: string,
  temperature: number,
): Promise<FrameWeight> {
  const weights: Map<number, number[]>[] = [];
  for (const dataset of datasets) {
    const labels = await readLabels(dataset.root, "advantages", tag);
    const { episode_index, frame_index, advantage_continuous } = labels;
    const corrections = await interventions(dataset, labels);
    const episodes = new Map<number, number[]>();
    for (const [row, episode] of episode_index.entries()) {
      const frames = episodes.get(episode) ?? [];
      const weight = Math.min(largest, Math.exp(advantage_continuous[row]! / temperature));
      frames[frame_index[row]!] = corrections[row] === 1 ? largest : weight;
      episodes.set(episode, frames);
    }
    weights.push(episodes);
  }
  return (dataset, episode, frame) => weights[dataset]!.get(episode)?.[frame] ?? 0;
}
