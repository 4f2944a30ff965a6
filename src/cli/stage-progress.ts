// Progress of a run of many stages: one bar at a time on a terminal, plain lines elsewhere; what stages found stays above.
import { Presets, SingleBar } from "cli-progress";
import type { Listener } from "../loop/index.ts";

/** Seconds between two plain lines. */
const quiet = 10;

/** Tells a run's progress on stderr until it is closed. */
export function stageProgress(): Required<Listener> & { close(): void } {
  const terminal = process.stderr.isTTY;
  const began = performance.now();
  let stage = "";
  let bar: SingleBar | undefined;
  let stageBegan = 0;
  let before: number | undefined;
  let told = 0;
  const clock = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  const close = () => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string) => {
    close();
    console.error(`${clock()}  ${text}`);
  };
  return {
    close,
    onStage(name, done) {
      close();
      stage = name;
      stageBegan = told = performance.now();
      before = undefined;
      if (done) line(`${name}: done before`);
      else if (!terminal) line(name);
    },
    onProgress(done, total, note = "") {
      const now = performance.now();
      before ??= done <= 1 ? 0 : done;
      const rate = (1000 * (done - before)) / (now - stageBegan);
      const perSecond = rate > 0 ? `${rate.toPrecision(3)}/s` : "";
      if (terminal) {
        if (!bar) {
          const format = `{clock}  {stage} {bar} {value}/{total}  {rate}  {eta_formatted} left  {note}`;
          bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
          bar.start(total, done, { clock: clock(), stage, rate: perSecond, note });
        }
        bar.setTotal(total);
        bar.update(done, { clock: clock(), stage, rate: perSecond, note });
      } else if (now - told > 1000 * quiet && done < total) {
        told = now;
        const left = rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : "";
        line(`  ${[`${stage} ${done}/${total}`, perSecond + left, note].filter((part) => part !== "").join("  ")}`);
      }
    },
    onNote: (text) => line(`  ${text}`),
  };
}
