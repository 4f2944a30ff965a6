// The frames in which a person acted.
import type { AdvantageLabels, LeRobotDataset } from "../data/index.ts";
import { numbersOf } from "./training-data.ts";

/** LeRobot's and Evo-RL's names for "a person acted". */
const interventionColumns = ["complementary_info.is_intervention", "intervention"] as const;

/** The dataset's column of frames in which a person acted, if there is one. */
export const interventionColumn = ({ features }: Pick<LeRobotDataset, "features">): string | undefined =>
  interventionColumns.find((name) => features.has(name));

/** [rows], 1 where a person acted. All 0 for a dataset without such a column. */
export async function interventions(
  dataset: LeRobotDataset,
  { episode_index, frame_index }: Pick<AdvantageLabels, "episode_index" | "frame_index">,
): Promise<Uint8Array> {
  const column = interventionColumn(dataset);
  if (column === undefined) return new Uint8Array(episode_index.length);
  const flags = new Map<number, Float64Array>();
  for (const episode of new Set(episode_index))
    flags.set(episode, numbersOf((await dataset.columns(episode, [column])).get(column))!);
  return Uint8Array.from(episode_index, (episode, row) => (flags.get(episode)![frame_index[row]!]! > 0.5 ? 1 : 0));
}
