// The metrics of a training run: metrics.jsonl with one object a line, and the same numbers as TensorBoard events.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { anyNumber, checked, PistarError, replaceFile, toJson } from "../../system/index.ts";
import { createEventFile } from "./tensorboard.ts";

/** Numbers of one step. TensorBoard groups names by the part before the slash. */
interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

export interface MetricsLog {
  /** All lines so far, also those of an earlier process. */
  readonly all: readonly Metrics[];
  add(metrics: Metrics): void;
}

const metricsSchema = z.object({ step: z.int().min(0) }).catchall(anyNumber);

/**
 * Opens the log of a run. Lines after `step` come from a killed process and are dropped.
 * @throws PistarError damaged-file, naming line and field
 */
export function openMetrics(run: string, step: number): MetricsLog {
  const path = join(run, "metrics.jsonl");
  // A kill may have cut off the last line; a complete one ends with a line break.
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

/** Sums of the losses and norms of some steps. */
export interface RunningSums {
  readonly sums: Readonly<Record<string, number>>;
  readonly steps: number;
}

/**
 * Means of the losses and norms since the last line of the log, and the speed of the steps.
 * @param from a checkpoint's `state`, to continue it
 */
export function runningMeans(from: RunningSums = { sums: {}, steps: 0 }) {
  let sums: Record<string, number> = { ...from.sums };
  let steps = from.steps;
  let began = performance.now();
  return {
    add(numbers: Readonly<Record<string, number>>): void {
      for (const [name, value] of Object.entries(numbers)) sums[name] = (sums[name] ?? 0) + value;
      steps++;
    },
    /** The mean of each number as "train/NAME", and "stepsPerSecond". Starts over. */
    take(): { readonly stepsPerSecond: number; readonly [name: string]: number } {
      const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [`train/${name}`, sum / steps]));
      const stepsPerSecond = (1000 * steps) / (performance.now() - began);
      [sums, steps, began] = [{}, 0, performance.now()];
      return { ...means, stepsPerSecond };
    },
    /** For a checkpoint between two lines of the log. */
    state: (): RunningSums => ({ sums, steps }),
    /** Leaves the time since `take` out of the speed: it was spent on a validation. */
    restartClock(): void {
      began = performance.now();
    },
  };
}
