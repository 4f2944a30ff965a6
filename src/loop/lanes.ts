// Tasks in threads of their own, some at a time: they have nothing to do with one another once pre-training is done, and while one of them does
// what keeps a single core busy, the other cores work for the rest.
import { WorkerThread } from "../system/index.ts";
import type { Improved } from "./improve.ts";
import type { Run } from "./run.ts";
import type { TaskWork } from "./task-worker.ts";

/** Seconds that a thread has to end by itself once its task is done. */
const grace = 5;

/**
 * Improves all tasks of a run.
 * @param onTask called with those that are done, in the order of the options, whenever there is one more
 * @throws what went wrong with the first task that failed, when those beside it have stopped
 */
export async function improveAll(run: Run, onTask: (done: readonly Improved[]) => void): Promise<Improved[]> {
  const { tasks, parallel } = run.options;
  const lanes = Math.min(parallel, tasks.length);
  const waiting = [...tasks.entries()];
  const results: (Improved | undefined)[] = tasks.map(() => undefined);
  const failing = new AbortController();
  const signal = AbortSignal.any([failing.signal, ...(run.signal ? [run.signal] : [])]);
  const done = () => results.filter((result) => result !== undefined);
  const lane = async () => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      results[next[0]] = await inThread({ ...run, signal }, next[1], 1 / lanes);
      onTask(done());
    }
  };
  let failure: { readonly error: unknown } | undefined;
  const guarded = () =>
    lane().catch((error) => {
      failure ??= { error };
      failing.abort(error);
    });
  await Promise.all(Array.from({ length: lanes }, guarded));
  if (failure) throw failure.error;
  run.signal?.throwIfAborted();
  return done();
}

async function inThread(run: Run, task: string, share: number): Promise<Improved> {
  const { folder, options, listener, signal } = run;
  const thread = new WorkerThread<TaskWork>(import.meta.url, "./task-worker", {
    name: `${task}: its thread`,
    input: { folder, options, share },
  });
  try {
    return await thread.ask("improve", task, {
      ...(signal && { signal }),
      onNotice(news) {
        if ("stage" in news) listener.onStage?.(...news.stage);
        else if ("progress" in news) listener.onProgress?.(...news.progress);
        else listener.onNote?.(...news.note);
      },
    });
  } finally {
    await thread.close(grace);
  }
}
