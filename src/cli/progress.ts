// Progress of long work, on stderr, because stdout is for results: a bar on a terminal, a line every few seconds elsewhere.
import { SingleBar } from "cli-progress";
import { type Progress, progressLine, speedOf } from "./progress-line.ts";

/** Shows how many of how many are done, and a word more, such as a loss. */
type Update = (done: number, total: number, note?: string) => void;

/** Milliseconds between two lines. */
const quiet = 5000;

/** Runs `task` with a function to show its progress. */
export async function withProgress<T>(label: string, task: (progress: Update) => Promise<T>): Promise<T> {
  return withPhases((show) => {
    const { update } = show(label);
    return task(update);
  });
}

/** The same for work of several phases. Each phase has a bar of its own. It ends with the next phase. */
export async function withPhases<T>(
  task: (show: (label: string) => { readonly update: Update }) => Promise<T>,
): Promise<T> {
  let shown: (Shown & { readonly label: string }) | undefined;
  try {
    return await task((label) => {
      if (shown?.label !== label) {
        shown?.stop();
        shown = { label, ...(process.stderr.isTTY ? bar(label) : lines(label)) };
      }
      return shown;
    });
  } finally {
    shown?.stop();
  }
}

interface Shown {
  readonly update: Update;
  stop(): void;
}

function lines(label: string): Shown {
  let last = performance.now();
  const rate = rateMeter();
  return {
    update(done, total, note = "") {
      const now = performance.now();
      const speed = speedOf({ label, done, total, note, perSecond: rate(done) }).filter((phrase) => phrase !== "");
      if (done < total && now - last < quiet) return;
      last = now;
      console.error(
        [`${label}: ${done}/${total}`, ...(speed.length > 0 ? [`(${speed.join(", ")})`] : []), note]
          .join(" ")
          .trimEnd(),
      );
    },
    stop: () => {},
  };
}

function bar(label: string): Shown {
  const format = (_: unknown, { value, total }: { value: number; total: number }, payload: Partial<Progress>) =>
    progressLine({ label, done: value, total, perSecond: 0, note: "", ...payload }, (process.stderr.columns ?? 80) - 1);
  const drawn = new SingleBar({ format, stream: process.stderr, clearOnComplete: true });
  const rate = rateMeter();
  drawn.start(1, 0);
  return {
    update(done, total, note = "") {
      drawn.setTotal(total);
      drawn.update(done, { perSecond: rate(done), note });
    },
    stop: () => drawn.stop(),
  };
}

/** Per second since the beginning. What was done before the first call does not count. */
export function rateMeter(): (done: number) => number {
  const started = performance.now();
  let before: number | undefined;
  return (done) => {
    before ??= done <= 1 ? 0 : done;
    return (1000 * (done - before)) / (performance.now() - started);
  };
}
