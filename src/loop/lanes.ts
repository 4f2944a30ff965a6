// Improves tasks in threads of their own, some at a time. Tasks are independent once pre-training is done. While one task keeps a single core
// busy, the others use the rest.
import { WorkerThread } from "../system/index.ts";
import type { Improved } from "./improve.ts";
import type { Run } from "./run.ts";
import type { TaskWork } from "./task-worker.ts";

/** Seconds for a thread to end after its task. */
const grace = 5;

/**
 * Improves all tasks of a run.
 * @param onTask called whenever a task is done, with all that are done, in the order of the options
 * @throws the error of the first task that failed, once the others have stopped
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
        else if ("note" in news) listener.onNote?.(...news.note);
        else listener.onWarning?.(...news.warning);
      },
    });
  } finally {
    await thread.close(grace);
  }
}
