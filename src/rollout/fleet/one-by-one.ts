// Episodes of a single robot with a person beside it, one after the other in this thread.

import type { Assignment } from "./episode-runner.ts";
import { EpisodeRunner } from "./episode-runner.ts";
import type { ParallelOptions } from "./parallel.ts";

/**
 * Runs all episodes, and some again if the operator asks so. An abort ends the episode in progress, which is discarded. The robot then goes to
 * rest. After a failure it holds.
 * @throws whatever the robot throws
 */
export async function runOneByOne(
  assignments: readonly Assignment[],
  { onEpisode, signal, ...options }: Omit<ParallelOptions, "workers">,
): Promise<void> {
  const runner = new EpisodeRunner(options);
  let end: "off" | "hold" = "off";
  try {
    for (const assignment of assignments) {
      for (let again = true; again && !signal?.aborted; ) {
        const episode = await runner.run(assignment, signal && { signal });
        again = episode.again === true;
        if (!again) await onEpisode(episode);
      }
    }
  } catch (error) {
    end = "hold";
    throw error;
  } finally {
    await runner.close(end);
  }
}
