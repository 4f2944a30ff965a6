// Where the frames of a dataset come from: who acted, and whether it was a correction. `pistar collect` records both.
import type { AdvantageLabels, Episode, LeRobotDataset } from "../data/index.ts";
import { interventionColumn } from "./interventions.ts";

/** Column of the actor of each frame: a demonstrator, a policy, a supervisor. */
const actorColumn = "complementary_info.collector_policy_id";

type Rows = Pick<AdvantageLabels, "episode_index" | "frame_index">;

/**
 * Groups rows of labels by their frames' task, actor, and whether the frame is a correction.
 * @returns positions of the rows, in the order of the groups' first rows
 */
export async function rowsByOrigin(dataset: LeRobotDataset, { episode_index, frame_index }: Rows): Promise<number[][]> {
  const tasks = new Map(dataset.episodes.map(({ index, tasks: [task = ""] }) => [index, task]));
  const columns = [actorColumn, interventionColumn(dataset)].filter(
    (name) => name !== undefined && dataset.features.has(name),
  );
  const origins = new Map<number, readonly ArrayLike<unknown>[]>();
  for (const episode of new Set(episode_index)) {
    const found = await dataset.columns(episode, columns as string[]);
    origins.set(
      episode,
      [...found.values()].map(({ data }) => data as ArrayLike<unknown>),
    );
  }
  return groupRows(episode_index, (episode, row) =>
    JSON.stringify([tasks.get(episode), ...origins.get(episode)!.map((of) => of[frame_index[row]!])]),
  );
}

/** Groups rows by a key. @returns positions of the rows, in the order of the groups' first rows */
export function groupRows(episodes: Int32Array, key: (episode: number, row: number) => string): number[][] {
  const groups = new Map<string, number[]>();
  for (const [row, episode] of episodes.entries()) {
    const own = key(episode, row);
    const rows = groups.get(own) ?? [];
    rows.push(row);
    groups.set(own, rows);
  }
  return [...groups.values()];
}

/** The policy that the dataset's newest rollouts are of; undefined if it holds demonstrations alone. */
export const newestPolicy = (episodes: readonly Episode[]): string | undefined =>
  episodes.map(policyOf).findLast((policy) => policy !== "demonstrator");

/** The policy of an episode as `pistar collect` names it. Episodes without a name are demonstrations. */
export const policyOf = ({ extra }: Pick<Episode, "extra">): string => String(extra.episode_policy ?? "demonstrator");
