// Converts a whole dataset of any version to version 3.0 of the format.
import { type CopyOptions, copyEpisodes } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";

/**
 * Writes a v3.0 copy of `source` at `target` (a new folder): rows bit for bit, videos without re-encoding. Statistics
 * are computed anew, those of images from decoded frames. Columns of unknown types, or without a declaration in
 * info.json, are carried along.
 *
 * @throws Error if rows are out of place; `repair` mends them as far as possible
 */
export function convertDataset(source: LeRobotDataset, target: string, options: CopyOptions = {}): Promise<void> {
  return copyEpisodes(
    source.episodes.map(({ index }) => ({ source, episode: index })),
    target,
    options,
  );
}
