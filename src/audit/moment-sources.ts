// The source of a dataset's moment: who acted there, before or after a take-over.
import type { LeRobotDataset } from "../data/index.ts";
import { interventionColumn } from "../train/index.ts";

/** In the order of tables. An autonomous moment has no take-over in its episode; "after" lies behind the first correction. */
export const momentSources = ["demonstration", "autonomous", "before a take-over", "correction", "after it"] as const;
export type MomentSource = (typeof momentSources)[number];

/** The source of each frame of an episode. */
export async function sourcesOf(dataset: LeRobotDataset, episode: number): Promise<readonly MomentSource[]> {
  const { length, extra } = dataset.episodes[episode]!;
  if ((extra.episode_policy ?? "demonstrator") === "demonstrator")
    return new Array<MomentSource>(length).fill("demonstration");
  const column = interventionColumn(dataset);
  const acted = column === undefined ? undefined : (await dataset.columns(episode, [column])).get(column)!.data;
  const isCorrection = Array.from({ length }, (_, frame) => Number(acted?.[frame] ?? 0) > 0.5);
  const first = isCorrection.indexOf(true);
  return isCorrection.map((correction, frame) =>
    first < 0 ? "autonomous" : correction ? "correction" : frame < first ? "before a take-over" : "after it",
  );
}
