// A run's numbers: metrics.jsonl, one object a line, and the same for TensorBoard.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { anyNumber, checked, PistarError, replaceFile, toJson } from "../../system/index.ts";
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

const metricsSchema = z.object({ step: z.int().min(0) }).catchall(anyNumber);

/**
 * Opens the log of a run. Lines of steps after `step`, which a killed process wrote, are dropped.
 * @throws PistarError damaged-file, naming line and field
 */
export function openMetrics(run: string, step: number): MetricsLog {
  const path = join(run, "metrics.jsonl");
  // What follows the last line break is a line that a kill cut off.
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  const known = lines.map((line, at) => parseLine(line, path, at)).filter((line) => line.step <= step);
  replaceFile(path, known.map((line) => `${toJson(line)}\n`).join(""));
  const events = createEventFile(run);
  const all = [...known];
  return {
    all,
    add(metrics) {
      all.push(metrics);
      appendFileSync(path, `${toJson(metrics)}\n`);
      const { step: at, ...scalars } = metrics;
      events.add(at, scalars);
    },
  };
}

function parseLine(line: string, path: string, at: number): Metrics {
  const where = `${path}, line ${at + 1}`;
  try {
    return checked(metricsSchema, JSON.parse(line), where);
  } catch (error) {
    if (error instanceof PistarError) throw error;
    throw new PistarError("damaged-file", `${where}: expected JSON, got ${line.slice(0, 40)}`, { path, cause: error });
  }
}

/** Sums of a training's numbers over some steps. */
export interface RunningSums {
  readonly sums: Readonly<Record<string, number>>;
  readonly steps: number;
}

/** Means of the training's numbers over the steps since the last line of the log, and their speed. @param from goes on from `state` */
export function runningMeans(from: RunningSums = { sums: {}, steps: 0 }) {
  let sums: Record<string, number> = { ...from.sums };
  let steps = from.steps;
  let began = performance.now();
  return {
    add(numbers: Readonly<Record<string, number>>): void {
      for (const [name, value] of Object.entries(numbers)) sums[name] = (sums[name] ?? 0) + value;
      steps++;
    },
    /** "train/NAME" for each number, and "stepsPerSecond"; begins anew. */
    take(): { readonly stepsPerSecond: number; readonly [name: string]: number } {
      const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [`train/${name}`, sum / steps]));
      const stepsPerSecond = (1000 * steps) / (performance.now() - began);
      [sums, steps, began] = [{}, 0, performance.now()];
      return { ...means, stepsPerSecond };
    },
    /** For a checkpoint between two lines of the log. */
    state: (): RunningSums => ({ sums, steps }),
    /** Leaves what came since `take` out of the speed, such as a validation. */
    restartClock(): void {
      began = performance.now();
    },
  };
}
