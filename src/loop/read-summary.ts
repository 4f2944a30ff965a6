// Reading summary.json back, as far as runs of several seeds are compared by it.
import { statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { anyNumber, readJsonAs } from "../system/index.ts";
import type { RunOfSeed } from "./across-seeds.ts";

/** Earlier runs have null in place of numbers that are not finite. */
const value = z.looseObject({ value: z.preprocess((found) => found ?? "NaN", anyNumber) });
const pair = z.looseObject({
  successDifference: value,
  throughputRatio: value.nullable(),
  failureRatio: value.nullable(),
});
const arm = z.looseObject({
  arm: z.string(),
  iteration: z.int().min(0),
  successRate: value,
  againstSft: pair.exactOptional(),
  recapAgainst: pair.exactOptional(),
});
const names = z.array(z.string());
const summarySchema: z.ZodType<RunOfSeed> = z.looseObject({
  options: z.looseObject({ seed: z.int(), tasks: names, pretrainTasks: names }),
  tasks: z.array(z.looseObject({ task: z.string(), results: z.array(arm) })),
});

/**
 * The results of a `pistar recap` run in simulation.
 * @param path the run's folder, or its summary.json
 * @throws PistarError missing-file, or damaged-file naming the wrong field
 */
export function readSummary(path: string): RunOfSeed {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return readJsonAs(summarySchema, folder ? join(path, "summary.json") : path);
}
