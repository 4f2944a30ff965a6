// Random labels with the shares of real ones: the control that asks whether the value function's choice of frames matters.
import { type AdvantageLabels, openDataset, readLabels, writeLabels } from "../data/index.ts";
import { random } from "../system/index.ts";
import { interventionColumn } from "./label.ts";

/** Column of the actor of each frame: a demonstrator, a policy, a supervisor. */
const actorColumn = "complementary_info.collector_policy_id";

export interface ShuffleInput {
  /** The dataset's folder. */
  readonly dataset: string;
  /** Tag of the labels to shuffle. */
  readonly from: string;
  /** Tag to write. */
  readonly tag: string;
  readonly seed: number;
}

/**
 * Shuffles the advantage indicators of a dataset among the frames of the same task and source. The source of a frame is its actor, and
 * whether it is a correction. Each task and source keeps its share of positive frames, so forced corrections stay positive. Advantages and values stay as they are.
 * @returns the share of frames whose indicator changed
 */
export async function shuffleLabels({ dataset: root, from, tag, seed }: ShuffleInput): Promise<number> {
  const labels = await readLabels(root, "advantages", from);
  const groups = await groupsOf(root, labels);
  const advantage = labels.advantage.slice();
  const generator = random(seed).split(`shuffle labels ${from}`);
  for (const rows of groups) {
    const shuffled = generator.shuffle(rows);
    for (const [i, row] of rows.entries()) advantage[row] = labels.advantage[shuffled[i]!]!;
  }
  await writeLabels(root, "advantages", tag, { ...labels, advantage });
  return advantage.reduce((changed, x, row) => changed + Number(x !== labels.advantage[row]), 0) / advantage.length;
}

/** Rows of the labels by task and source, in the order of their first rows. */
async function groupsOf(
  root: string,
  { episode_index, frame_index }: Pick<AdvantageLabels, "episode_index" | "frame_index">,
): Promise<readonly number[][]> {
  const dataset = await openDataset(root, { usualNames: true });
  try {
    const tasks = new Map(dataset.episodes.map(({ index, tasks: [task = ""] }) => [index, task]));
    const columns = [actorColumn, interventionColumn(dataset)].filter(
      (name) => name !== undefined && dataset.features.has(name),
    );
    const sources = new Map<number, readonly ArrayLike<unknown>[]>();
    for (const episode of new Set(episode_index)) {
      const found = await dataset.columns(episode, columns as string[]);
      sources.set(
        episode,
        [...found.values()].map(({ data }) => data as ArrayLike<unknown>),
      );
    }
    const groups = new Map<string, number[]>();
    for (const [row, episode] of episode_index.entries()) {
      const source = sources.get(episode)!.map((of) => of[frame_index[row]!]);
      const key = JSON.stringify([tasks.get(episode), ...source]);
      const rows = groups.get(key) ?? [];
      rows.push(row);
      groups.set(key, rows);
    }
    return [...groups.values()];
  } finally {
    await dataset.close();
  }
}
