// A run's numbers: metrics.jsonl, one object a line, and the same for TensorBoard.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../system/index.ts";
import { createEventFile } from "./tensorboard.ts";

/** Numbers of one step; names with a slash are grouped by TensorBoard. */
interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

export interface MetricsLog {
  /** Everything so far, that of an earlier process included. */
  readonly all: readonly Metrics[];
  add(metrics: Metrics): void;
}

/** Opens the log of a run; lines of steps after `step`, which a killed process wrote, are dropped. */
export function openMetrics(run: string, step: number): MetricsLog {
  const path = join(run, "metrics.jsonl");
  // What follows the last line break is a line that a kill cut off.
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  const known = lines.map((line) => JSON.parse(line) as Metrics).filter((line) => line.step <= step);
  replaceFile(path, known.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const events = createEventFile(run);
  const all = [...known];
  return {
    all,
    add(metrics) {
      all.push(metrics);
      appendFileSync(path, `${JSON.stringify(metrics)}\n`);
      const { step: at, ...scalars } = metrics;
      events.add(at, scalars);
    },
  };
}
