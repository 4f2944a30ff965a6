// Episodes over worker threads. Everything random in an episode comes from its seed, and episodes are handed on in the order of their
// assignment, so that the results are the same whatever the number of workers.
import type { Worker } from "node:worker_threads";
import { startThread } from "../../system/index.ts";
import type { Assignment, Finished, RunnerOptions } from "./episode-runner.ts";
import type { WorkerReply, WorkerRequest } from "./episode-worker.ts";

/** An episode that was not run to its end: its worker died, or the simulation failed. */
export interface Lost extends Assignment {
  readonly lost: string;
}

export interface ParallelOptions extends RunnerOptions {
  readonly workers: number;
  /** Takes each episode, in the order of `assignments`, one at a time. */
  onEpisode(episode: Finished | Lost): void | Promise<void>;
  /** Ends the run early: episodes in progress are finished and handed on, no more are begun. */
  readonly signal?: AbortSignal;
}

/** Episodes per worker that may be finished or in progress ahead of the one that is to be handed on next. */
const ahead = 4;
/** Seconds that a worker has to close its policy before it is stopped. */
const grace = 5;

/**
 * Runs all episodes. A worker that dies loses its episode alone, and another takes its place. Fails where no episode can be run: the task is
 * unknown, the policy cannot be opened, or `onEpisode` fails.
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
  /** Wake those that wait for room ahead. */
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

  /** One thread's work, and that of those that replace it. */
  async function work(): Promise<void> {
    let thread: Thread | undefined;
    try {
      for (;;) {
        while (begun - delivered >= ahead * workers && !failure)
          await new Promise<void>((resume) => waiting.push(resume));
        if (failure || signal?.aborted || begun >= assignments.length) return;
        const at = begun++;
        const assignment = assignments[at]!;
        thread ??= new Thread(runner);
        const reply = await thread.ask(assignment);
        if ("unable" in reply) throw reply.unable;
        if (thread.dead) thread = undefined;
        done.set(at, "finished" in reply ? reply.finished : { ...assignment, ...reply });
        delivering = delivering.then(deliver).catch(fail);
      }
    } catch (error) {
      fail(error);
    } finally {
      await thread?.close();
    }
  }

  await Promise.all(Array.from({ length: Math.min(workers, assignments.length) }, work));
  await delivering;
  if (failure) throw failure;
}

/** A worker thread that is asked one thing at a time. */
class Thread {
  dead = false;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private answer: (reply: WorkerReply) => void = () => {};
  private cause = "";

  constructor(input: RunnerOptions) {
    this.worker = startThread(import.meta.url, "./episode-worker", input);
    this.worker.on("message", (reply: WorkerReply) => this.answer(reply));
    this.worker.on("error", (error) => {
      this.cause = `: ${error instanceof Error ? error.message : error}`;
    });
    this.exited = new Promise((resolve) => {
      this.worker.on("exit", (code) => {
        this.dead = true;
        this.answer({ lost: `The worker died (exit code ${code})${this.cause}` });
        resolve();
      });
    });
  }

  ask(assignment: Assignment): Promise<WorkerReply> {
    return new Promise((resolve) => {
      this.answer = resolve;
      this.worker.postMessage(assignment satisfies WorkerRequest);
    });
  }

  async close(): Promise<void> {
    if (this.dead) return;
    this.worker.postMessage("close" satisfies WorkerRequest);
    const timer = setTimeout(() => this.worker.terminate(), grace * 1000);
    await this.exited;
    clearTimeout(timer);
  }
}
