// Shuffled labels: controls that ask whether the value function's choice of frames matters.
import { type AdvantageLabels, type LeRobotDataset, openDataset, readLabels, writeLabels } from "../data/index.ts";
import { type Random, random } from "../system/index.ts";
import { groupRows, policyOf, rowsByOrigin } from "./frame-origins.ts";
import { interventions } from "./interventions.ts";

export interface ShuffleInput {
  /** The dataset's folder. */
  readonly dataset: string;
  /** Tag of the labels to shuffle. */
  readonly from: string;
  /** Tag to write. */
  readonly tag: string;
  readonly seed: number;
  /**
   * `frames` shuffles the indicators among the frames of one task and source: who acted, and whether it was a correction. Each keeps its
   * share of positive frames, and nothing else is left. `episodes` gives each episode the indicators of another one of its task, policy and
   * supervisor, stretched to its length: when in an episode frames are positive is left, and in which episode is not.
   */
  readonly among: "frames" | "episodes";
}

/**
 * Shuffles the advantage indicators of a dataset. Corrections keep theirs. Advantages and values stay as they are.
 * @returns the share of frames whose indicator changed
 */
export async function shuffleLabels({ dataset: root, from, tag, seed, among }: ShuffleInput): Promise<number> {
  const labels = await readLabels(root, "advantages", from);
  const generator = random(seed).split(`shuffle labels ${from}`);
  const dataset = await openDataset(root, { usualNames: true });
  try {
    const shuffle = among === "frames" ? amongFrames : amongEpisodes;
    const advantage = await shuffle(dataset, labels, generator);
    await writeLabels(root, "advantages", tag, { ...labels, advantage });
    return advantage.reduce((changed, x, row) => changed + Number(x !== labels.advantage[row]), 0) / advantage.length;
  } finally {
    await dataset.close();
  }
}

async function amongFrames(dataset: LeRobotDataset, labels: AdvantageLabels, generator: Random): Promise<Uint8Array> {
  const advantage = labels.advantage.slice();
  for (const rows of await rowsByOrigin(dataset, labels)) {
    const shuffled = generator.shuffle(rows);
    for (const [i, row] of rows.entries()) advantage[row] = labels.advantage[shuffled[i]!]!;
  }
  return advantage;
}

async function amongEpisodes(dataset: LeRobotDataset, labels: AdvantageLabels, generator: Random): Promise<Uint8Array> {
  const advantage = labels.advantage.slice();
  const corrections = await interventions(dataset, labels);
  const known = new Map(dataset.episodes.map((episode) => [episode.index, episode]));
  const sources = new Map<string, number[][]>();
  for (const all of groupRows(labels.episode_index, String)) {
    const { tasks, extra } = known.get(labels.episode_index[all[0]!]!)!;
    const source = JSON.stringify([tasks[0], policyOf({ extra }), extra.episode_supervisor ?? "none"]);
    const rows = all.filter((row) => corrections[row] === 0);
    if (rows.length > 0) sources.set(source, [...(sources.get(source) ?? []), rows]);
  }
  for (const episodes of sources.values()) {
    const order = generator.shuffle(episodes);
    for (const [i, rows] of order.entries()) {
      const donor = order[(i + 1) % order.length]!;
      for (const [at, row] of rows.entries())
        advantage[row] = labels.advantage[donor[Math.floor((at * donor.length) / rows.length)]!]!;
    }
  }
  return advantage;
}
