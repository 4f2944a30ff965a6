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
    return task((done, total) => {
      const now = performance.now();
      if (done < total && now - last < 5000) return;
      last = now;
      console.error(`${label}: ${done}/${total}`);
    });
  }
  const format = `${label} {bar} {value}/{total}  {rate}/s, {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  const started = performance.now();
  bar.start(1, 0, { rate: "–" });
  try {
    return await task((done, total) => {
      bar.setTotal(total);
      bar.update(done, { rate: ((1000 * done) / (performance.now() - started)).toPrecision(3) });
    });
  } finally {
    bar.stop();
  }
}
