// Audits of a run: the true values of an iteration's data, beside its value function and labels (audit/).
//
//     RUN/audit/TASK/ITERATION/OF/runs.jsonl    outcomes of the policy's runs from recorded moments
//     RUN/audit/TASK/ITERATION/OF/audit.json    the comparison
//     RUN/audit/TASK/ITERATION/OF/moments.csv   every audited moment
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Audit,
  type AuditedDataset,
  type AuditOptions,
  auditedMoments,
  auditOptions,
  auditSchema,
  type MomentRuns,
  type MomentRunsInput,
  momentsCsv,
  runMoments,
  summariseAudit,
} from "../audit/index.ts";
import { openDataset, readLabels } from "../data/index.ts";
import { simulation } from "../sim/index.ts";
import { readJsonAs, replaceFile, toJson } from "../system/index.ts";
import type { LabelListener } from "../train/index.ts";
import type { ArmInput } from "./extraction/arm.ts";

/** An audit of a run. */
export interface RunAudit {
  readonly task: string;
  readonly iteration: number;
  readonly audit: Audit;
}

/** An iteration's data, with its labels. */
export type AuditedIteration = Pick<ArmInput, "run" | "task" | "iteration" | "dataset" | "labels" | "values" | "actor">;

/** Folder of an iteration's audit. */
export const auditFolder = ({ run, task, iteration }: AuditedIteration, of: Audit["of"]): string =>
  join(run.folder, "audit", task, String(iteration), of);

/** The episodes of a dataset: those with labels of this tag, or all. */
export async function episodesOf(root: string, labels?: string): Promise<number[]> {
  if (labels !== undefined) {
    const { episode_index } = await readLabels(root, "advantages", labels);
    return [...new Set(episode_index)].sort((a, b) => a - b);
  }
  const dataset = await openDataset(root);
  await dataset.close();
  return dataset.episodes.map(({ index }) => index);
}

/**
 * Runs the iteration's policy from the moments of its data. What an earlier process ran is kept.
 * @param folder of the file of runs
 * @param options without the policy: it is the iteration's own, and is asked as it was then unless they say otherwise
 */
export async function runIterationMoments(
  given: AuditedIteration,
  folder: string,
  options: Partial<Omit<AuditOptions, "policy">>,
  { onProgress, signal }: Pick<MomentRunsInput, "onProgress" | "signal"> = {},
): Promise<MomentRuns> {
  const { policyName, ...opened } = given.actor();
  return runMoments({
    dataset: given.dataset,
    episodes: await episodesOf(given.dataset, given.labels),
    options: auditOptions.parse({ ...opened, ...options }),
    policyName,
    stations: simulation,
    path: join(folder, "runs.jsonl"),
    onProgress,
    signal,
  });
}

/** Audits values and labels by runs, and writes audit.json and moments.csv. @param folder of both */
export async function writeAudit(
  folder: string,
  found: Omit<AuditedDataset, "rounds"> & MomentRuns & LabelListener,
  about: Pick<Audit, "of" | "policy" | "valueName">,
  seed: number,
): Promise<Audit> {
  const moments = await auditedMoments(found);
  const troubled = found.rounds.reduce((sum, round) => sum + round.troubled, 0);
  const audit = summariseAudit(moments, { ...about, troubled, labels: found.labels }, seed);
  replaceFile(join(folder, "moments.csv"), momentsCsv(moments.moments));
  replaceFile(join(folder, "audit.json"), toJson(audit, 2));
  return audit;
}

/** The audits in a run's folder, by task and iteration. */
export function readAudits(folder: string): RunAudit[] {
  const root = join(folder, "audit");
  const under = (path: string) => (existsSync(path) ? readdirSync(path).sort() : []);
  return under(root).flatMap((task) =>
    under(join(root, task)).flatMap((iteration) =>
      under(join(root, task, iteration)).flatMap((of) => {
        const path = join(root, task, iteration, of, "audit.json");
        return existsSync(path) ? [{ task, iteration: Number(iteration), audit: readJsonAs(auditSchema, path) }] : [];
      }),
    ),
  );
}
