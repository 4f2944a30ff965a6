// Tasks in threads of their own, some at a time: they have nothing to do with one another once pre-training is done, and while one of them does
// what keeps a single core busy, the other cores work for the rest.
import { startThread } from "../system/index.ts";
import type { Improved } from "./improve.ts";
import type { Run } from "./run.ts";
import type { TaskInput, TaskMessage } from "./task-thread.ts";

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

function inThread({ folder, options, listener, signal }: Run, task: string, share: number): Promise<Improved> {
  const thread = startThread(import.meta.url, "./task-thread", { folder, options, task, share } satisfies TaskInput);
  const stop = () => thread.postMessage("stop");
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return new Promise<Improved>((resolve, reject) => {
    thread.on("message", (message: TaskMessage) => {
      if ("stage" in message) listener.onStage?.(...message.stage);
      else if ("progress" in message) listener.onProgress?.(...message.progress);
      else if ("note" in message) listener.onNote?.(message.note);
      else if ("improved" in message) resolve(message.improved);
      else reject(signal?.aborted ? signal.reason : message.failed);
    });
    thread.on("error", reject);
    thread.on("exit", (code) => reject(new Error(`${task}: its thread ended (exit code ${code})`)));
  }).finally(() => signal?.removeEventListener("abort", stop));
}
