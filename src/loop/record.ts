// Writes summary.json and the report of a run.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, toJson } from "../system/index.ts";
import type { Course } from "../train/index.ts";
import type { Run } from "./run.ts";
import type { Curve, RunRecord } from "./summary.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

type AnyRun = Run<{ readonly seed: number }>;

/** A summary's description of the run itself. */
export function recordOf(
  run: AnyRun,
  { curves, stages }: Pick<RunRecord, "curves" | "stages">,
  finished: boolean,
): RunRecord {
  return {
    pistar: version,
    startedAt: run.startedAt,
    finishedAt: finished ? new Date().toISOString() : null,
    options: run.options,
    stages,
    curves,
  };
}

export const curveOf = (stage: string, { curve }: Course): Curve => ({ stage, points: curve });

/** Pictures of a run's folder, for its report. */
export const picturesOf =
  (folder: string) =>
  (path: string): string | undefined => {
    const file = join(folder, path);
    return existsSync(file) ? readFileSync(file).toString("base64") : undefined;
  };

/** Writes summary.json and report.html. */
export function writeResults({ folder }: AnyRun, summary: RunRecord, report: string): void {
  replaceFile(join(folder, "summary.json"), toJson(summary, 2));
  replaceFile(join(folder, "report.html"), report);
}
