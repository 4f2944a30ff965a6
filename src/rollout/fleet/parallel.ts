// Episodes over worker threads. Everything random in an episode comes from its seed, and results are delivered in the order of assignment.
// So any number of workers gives the same results.
import { WorkerEnded, WorkerThread } from "../../system/index.ts";
import type { Assignment, Finished, Lost, RunnerOptions } from "./episode-runner.ts";
import type { EpisodeWork } from "./episode-worker.ts";

export interface ParallelOptions extends RunnerOptions {
  readonly workers: number;
  /** Takes each episode, in the order of `assignments`, one at a time. */
  onEpisode(episode: Finished | Lost): void | Promise<void>;
  /** Ends the run early: episodes in progress finish and are delivered, no more begin. */
  readonly signal?: AbortSignal;
}

/** Most episodes per worker, finished or in progress, beyond the next one to deliver. */
const ahead = 4;
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
  if (!(Number.isInteger(workers) && workers >= 1))
    throw new RangeError(`Expected a number of workers from 1 up, got ${workers}`);
  const done = new Map<number, Finished | Lost>();
  let [begun, delivered] = [0, 0];
  let failure: Error | undefined;
  /** Workers that wait for room ahead. */
  const waiting: (() => void)[] = [];
  let delivering = Promise.resolve();

  const wake = () => {
    for (const resume of waiting.splice(0)) resume();
  };
  const deliver = async () => {
    for (let next = done.get(delivered); next && !failure; next = done.get(delivered)) {
      done.delete(delivered);
      await onEpisode(next);
      delivered++;
      wake();
    }
  };
  const fail = (error: unknown) => {
    failure ??= error as Error;
    wake();
  };

  /** The work of one thread and of its replacements. */
  async function work(): Promise<void> {
    let thread: WorkerThread<EpisodeWork> | undefined;
    try {
      for (;;) {
        while (begun - delivered >= ahead * workers && !failure)
          await new Promise<void>((resume) => waiting.push(resume));
        if (failure || signal?.aborted || begun >= assignments.length) return;
        const at = begun++;
        const assignment = assignments[at]!;
        thread ??= new WorkerThread(import.meta.url, "./episode-worker", { name: "The worker", input: runner });
        try {
          done.set(at, await thread.ask("run", assignment));
        } catch (error) {
          if (!(error instanceof WorkerEnded)) throw error;
          done.set(at, { ...assignment, lost: error.message });
          thread = undefined;
        }
        delivering = delivering.then(deliver).catch(fail);
      }
    } catch (error) {
      fail(error);
    } finally {
      await thread?.close(grace);
    }
  }

  await Promise.all(Array.from({ length: Math.min(workers, assignments.length) }, work));
  await delivering;
  if (failure) throw failure;
}
