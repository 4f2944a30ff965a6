// Episodes over worker threads. Everything random in an episode comes from its seed, and results are delivered in the order of assignment.
// So any number of workers gives the same results.
import { WorkerThread } from "../../system/index.ts";
import type { Assignment, Finished, Lost, RunnerOptions } from "./episode-runner.ts";
import type { EpisodeWork } from "./episode-worker.ts";
import { type FleetWorker, runInOrder } from "./in-order.ts";
import { runOneByOne } from "./one-by-one.ts";
import { loadStations } from "./stations.ts";

export interface ParallelOptions extends RunnerOptions {
  /** An address: worker threads open stations themselves. */
  readonly stations: string;
  readonly workers: number;
  /** Takes each episode, in the order of `assignments`, one at a time. */
  onEpisode(episode: Finished | Lost): void | Promise<void>;
  /** Ends the run early: episodes in progress finish and are delivered, no more begin. */
  readonly signal?: AbortSignal;
}

/** Seconds for a worker to close its policy before it is stopped. */
const grace = 5;

/**
 * Runs all episodes. A worker that dies loses only its own episode; another worker takes its place.
 * @throws Error if no episode can be run (unknown task, policy that cannot be opened), or what `onEpisode` throws
 */
export async function runEpisodes(
  assignments: readonly Assignment[],
  { workers, onEpisode, signal, ...runner }: ParallelOptions,
): Promise<void> {
  if ((await loadStations(runner.stations)).only)
    return runOneByOne(assignments, { onEpisode, ...(signal && { signal }), ...runner });
  return runInOrder<Assignment, Finished | Lost>(assignments, {
    workers,
    signal,
    onResult: onEpisode,
    lost: (assignment, lost) => ({ ...assignment, lost }),
    open(): FleetWorker<Assignment, Finished | Lost> {
      const thread = new WorkerThread<EpisodeWork>(import.meta.url, "./episode-worker", {
        name: "The worker",
        input: runner,
      });
      return { run: (assignment) => thread.ask("run", assignment), close: () => thread.close(grace) };
    },
  });
}
