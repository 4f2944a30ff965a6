// Progress of a run of many stages: a bar for each that goes on at the time on a terminal, plain lines elsewhere; what stages found stays above.
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Listener } from "../loop/index.ts";
import { rateMeter } from "./progress.ts";

/** Seconds between two plain lines of a stage. */
const quiet = 10;

const multiBar = {
  format: "{clock}  {stage} {bar} {value}/{total}  {rate}  {eta_formatted} left  {note}",
  stream: process.stderr,
  clearOnComplete: true,
};

/** A stage that goes on. */
interface Going {
  readonly rate: (done: number) => number;
  told: number;
  bar?: SingleBar;
}

/** Tells a run's progress on stderr until it is closed. */
export function stageProgress(): Required<Listener> & { close(): void } {
  const terminal = process.stderr.isTTY;
  const began = performance.now();
  const going = new Map<string, Going>();
  let bars: MultiBar | undefined;
  const close = () => {
    bars?.stop();
    bars = undefined;
  };
  const clock = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  const line = (text: string) => {
    if (bars) bars.log(`${clock()}  ${text}\n`);
    else console.error(`${clock()}  ${text}`);
  };
  return {
    close,
    onStage(name, state) {
      if (state === "done before") line(`${name}: done before`);
      else if (state === "begins") {
        going.set(name, { rate: rateMeter(), told: performance.now() });
        if (!terminal) line(name);
      } else {
        const { bar } = going.get(name) ?? {};
        if (bar) bars?.remove(bar);
        going.delete(name);
        if (going.size === 0) close();
      }
    },
    onProgress(name, done, total, note = "") {
      const stage = going.get(name);
      if (!stage) return;
      const now = performance.now();
      const rate = stage.rate(done);
      const perSecond = rate > 0 ? `${rate.toPrecision(3)}/s` : "";
      if (terminal) {
        bars ??= new MultiBar(multiBar, Presets.shades_classic);
        const shown = { clock: clock(), stage: name, rate: perSecond, note };
        stage.bar ??= bars.create(total, done, shown);
        stage.bar.setTotal(total);
        stage.bar.update(done, shown);
      } else if (now - stage.told > 1000 * quiet && done < total) {
        stage.told = now;
        const left = rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : "";
        line(`  ${[`${name} ${done}/${total}`, perSecond + left, note].filter((part) => part !== "").join("  ")}`);
      }
    },
    onNote: (text) => line(`  ${text}`),
  };
}
