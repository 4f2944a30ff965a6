// The thread side of `lanes.ts`: improves one task and reports its progress.
import { type Call, serveWorker } from "../system/index.ts";
import { type Improved, improve } from "./improve.ts";
import { openRun } from "./open-run.ts";
import type { RecapOptions } from "./options.ts";
import type { Listener } from "./run.ts";

interface Input {
  readonly folder: string;
  readonly options: RecapOptions;
  /** This task's share of the machine, 0 to 1. */
  readonly share: number;
}

type Told<Name extends keyof Listener> = Parameters<NonNullable<Listener[Name]>>;
type News =
  | { readonly stage: Told<"onStage"> }
  | { readonly progress: Told<"onProgress"> }
  | { readonly note: Told<"onNote"> }
  | { readonly warning: Told<"onWarning"> };

const work = ({ folder, options, share }: Input) => ({
  improve(task: string, { signal, notify }: Call<News>): Promise<Improved> {
    const listener: Listener = {
      onStage: (...stage) => notify({ stage }),
      onProgress: (...progress) => notify({ progress }),
      onNote: (...note) => notify({ note }),
      onWarning: (...warning) => notify({ warning }),
    };
    return improve({ ...openRun(folder, options, listener, signal), share }, task);
  },
});

export type TaskWork = typeof work;
serveWorker(work);
