// A copy of a whole dataset in version 3.0 of the format, whatever version it has.
import { type CopyOptions, copyEpisodes } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";

/**
 * Writes a v3.0 copy of `source` at `target` (a new folder): rows bit for bit, videos without re-encoding. Statistics are
 * computed anew, those of pictures from decoded frames. Columns of types pistar does not know, or that info.json does not
 * declare, are carried along.
 *
 * @throws Error where rows are not the frames that they should be; `repair` mends what can be mended
 */
export function convertDataset(source: LeRobotDataset, target: string, options: CopyOptions = {}): Promise<void> {
  return copyEpisodes(
    source.episodes.map(({ index }) => ({ source, episode: index })),
    target,
    options,
  );
}
