// The thread side of `lanes.ts`: improves one task, and tells how it goes.
import { parentPort, workerData } from "node:worker_threads";
import { type Improved, improve } from "./improve.ts";
import { openRun } from "./open-run.ts";
import type { RecapOptions } from "./options.ts";
import type { Listener } from "./run.ts";

export interface TaskInput {
  readonly folder: string;
  readonly options: RecapOptions;
  readonly task: string;
  /** Of the machine, for this task. */
  readonly share: number;
}

type Told<Name extends keyof Listener> = Parameters<NonNullable<Listener[Name]>>;

export type TaskMessage =
  | { readonly stage: Told<"onStage"> }
  | { readonly progress: Told<"onProgress"> }
  | { readonly note: string }
  | { readonly improved: Improved }
  | { readonly failed: Error };

if (!parentPort) throw new Error("Expected to run as a thread of improveAll");
const port = parentPort;
const { folder, options, task, share } = workerData as TaskInput;
const tell = (message: TaskMessage) => port.postMessage(message);
const stopping = new AbortController();
port.once("message", () => stopping.abort(new Error("stopped")));

const listener: Listener = {
  onStage: (...stage) => tell({ stage }),
  onProgress: (...progress) => tell({ progress }),
  onNote: (note) => tell({ note }),
};

try {
  const run = openRun(folder, options, listener, stopping.signal);
  tell({ improved: await improve({ ...run, share }, task) });
} catch (error) {
  tell({ failed: error as Error });
}
port.close();
