// An iteration of a run to be audited, and the run's report with its audits.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PistarError, readJson, replaceFile } from "../system/index.ts";
import { type AuditedIteration, readAudits } from "./audits.ts";
import { inputOf } from "./improve.ts";
import { readRun } from "./open-run.ts";
import { picturesOf } from "./record.ts";
import { renderReport } from "./report/page.ts";
import type { Summary } from "./summary.ts";

/**
 * An iteration of a run in its folder.
 * @param task default: the run's first
 * @param iteration default: the last one with labels
 * @throws PistarError as `readRun`, or bad-option naming what the run has
 */
export function auditedIteration(folder: string, task?: string, iteration?: number): AuditedIteration {
  const run = readRun(folder);
  const { tasks, iterations } = run.options;
  const chosen = task ?? tasks[0]!;
  if (!tasks.includes(chosen))
    throw new PistarError("bad-option", `${folder}: expected one of the tasks ${tasks.join(", ")}, got ${chosen}`);
  const labelled = Array.from({ length: iterations }, (_, i) => i + 1).filter((k) =>
    run.stages.has(`${chosen}/${k}/labels`),
  );
  const last = iteration ?? labelled.at(-1);
  if (last === undefined || !labelled.includes(last))
    throw new PistarError(
      "bad-option",
      `${folder}: expected an iteration of ${chosen} with labels (${labelled.join(", ") || "there is none yet"}), got ${last ?? "none"}`,
      { path: folder },
    );
  return inputOf(run, chosen, last);
}

/** Writes a run's report anew from its summary, with its audits. Nothing if the run has no summary yet. */
export function refreshReport(folder: string): void {
  const path = join(folder, "summary.json");
  if (!existsSync(path)) return;
  const summary = readJson(path) as Summary;
  replaceFile(join(folder, "report.html"), renderReport(summary, picturesOf(folder), readAudits(folder)));
}
