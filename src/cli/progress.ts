// Progress of long work: a bar with rate and remaining time on a terminal, a line every few seconds elsewhere. On stderr, so
// that stdout stays the result.
import { Presets, SingleBar } from "cli-progress";

/** Runs `task` with a function that shows how many of how many are done. */
export async function withProgress<T>(
  label: string,
  task: (progress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) {
    let last = performance.now();
    const rate = rateMeter();
    return task((done, total) => {
      const now = performance.now();
      const perSecond = rate(done);
      if (done < total && now - last < 5000) return;
      last = now;
      const left = done < total && perSecond > 0 ? `, ${Math.ceil((total - done) / perSecond)} s left` : "";
      console.error(`${label}: ${done}/${total}${perSecond > 0 ? ` (${perSecond.toPrecision(3)}/s${left})` : ""}`);
    });
  }
  const format = `${label} {bar} {value}/{total}  {rate}/s, {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  const rate = rateMeter();
  bar.start(1, 0, { rate: "–" });
  try {
    return await task((done, total) => {
      bar.setTotal(total);
      const perSecond = rate(done);
      bar.update(done, { rate: perSecond > 0 ? perSecond.toPrecision(3) : "–" });
    });
  } finally {
    bar.stop();
  }
}

/** Per second since the beginning; what was done already when it was first told does not count. */
function rateMeter(): (done: number) => number {
  const started = performance.now();
  let before: number | undefined;
  return (done) => {
    before ??= done === 1 ? 0 : done;
    return (1000 * (done - before)) / (performance.now() - started);
  };
}
