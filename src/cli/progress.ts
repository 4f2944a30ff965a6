// Progress of long work: a bar with rate and remaining time on a terminal, a line every few seconds elsewhere. On stderr, so
// that stdout stays the result.
import { Presets, SingleBar } from "cli-progress";

/** Shows how many of how many are done, and a word more, such as a loss. */
type Update = (done: number, total: number, note?: string) => void;

/** Runs `task` with a function that shows its progress. */
export async function withProgress<T>(label: string, task: (progress: Update) => Promise<T>): Promise<T> {
  return withPhases((show) => {
    const { update } = show(label);
    return task(update);
  });
}

/** The same for work of several phases: each has a bar of its own, which begins when it is first shown and ends with the next. */
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
    update(done, total, note) {
      const now = performance.now();
      const perSecond = rate(done);
      if (done < total && now - last < 5000) return;
      last = now;
      const left = done < total && perSecond > 0 ? `, ${Math.ceil((total - done) / perSecond)} s left` : "";
      const speed = perSecond > 0 ? ` (${perSecond.toPrecision(3)}/s${left})` : "";
      console.error(`${label}: ${done}/${total}${speed}${note ? ` ${note}` : ""}`);
    },
    stop: () => {},
  };
}

function bar(label: string): Shown {
  const format = `${label} {bar} {value}/{total}  {rate}/s, {eta_formatted} left  {note}`;
  const drawn = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  const rate = rateMeter();
  drawn.start(1, 0, { rate: "–", note: "" });
  return {
    update(done, total, note = "") {
      drawn.setTotal(total);
      const perSecond = rate(done);
      drawn.update(done, { rate: perSecond > 0 ? perSecond.toPrecision(3) : "–", note });
    },
    stop: () => drawn.stop(),
  };
}

/** Per second since the beginning; what was done already when it was first told does not count. */
export function rateMeter(): (done: number) => number {
  const started = performance.now();
  let before: number | undefined;
  return (done) => {
    before ??= done <= 1 ? 0 : done;
    return (1000 * (done - before)) / (performance.now() - started);
  };
}
