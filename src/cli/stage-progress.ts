// Progress of a run of many stages, on stderr: on a terminal a bar for each stage in progress, plain lines elsewhere. What stages found stays above.
import { MultiBar, type SingleBar } from "cli-progress";
import type { Listener } from "../loop/index.ts";
import { rateMeter } from "./progress.ts";
import { type Progress, progressLine, speedOf } from "./progress-line.ts";
import { warningWord, wrap } from "./terminal.ts";

/** Seconds between two plain lines of a stage. */
const quiet = 10;

/** A stage in progress. */
interface Going {
  readonly rate: (done: number) => number;
  told: number;
  bar?: SingleBar;
}

/** Shows a run's progress until it is closed. */
export function stageProgress(): Required<Listener> & { close(): void } {
  const terminal = process.stderr.isTTY;
  const width = () => (process.stderr.columns ?? 80) - 1;
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
  const line = (text: string, indent = "", coloured = (said: string) => said) => {
    const time = `${clock()}  ${indent}`;
    // A terminal with bars cuts long lines.
    if (bars) bars.log(coloured(`${time}${wrap(text, width(), " ".repeat(time.length))}\n`));
    else console.error(coloured(`${time}${text}`));
  };
  const format = (_: unknown, { value, total }: { value: number; total: number }, payload: Partial<Progress>) =>
    progressLine({ label: "", done: value, total, perSecond: 0, note: "", ...payload }, width());
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
      const progress = { label: `${clock()}  ${name}`, done, total, perSecond: stage.rate(done), note };
      if (terminal) {
        bars ??= new MultiBar({ format, stream: process.stderr, clearOnComplete: true });
        stage.bar ??= bars.create(total, done, progress);
        stage.bar.setTotal(total);
        stage.bar.update(done, progress);
      } else if (now - stage.told > 1000 * quiet && done < total) {
        stage.told = now;
        const speed = speedOf(progress).filter((phrase) => phrase !== "");
        line([`${name} ${done}/${total}`, speed.join(", "), note].filter((part) => part !== "").join("  "), "  ");
      }
    },
    onNote: (text) => line(text, "  "),
    onWarning: (text) => line(`warning: ${text}`, "  ", (said) => said.replace("warning", warningWord(process.stderr))),
  };
}
