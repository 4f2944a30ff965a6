// Is this data fit for RECAP? Findings in sentences, each doubt with a command to mend it, and a verdict over all.
import type { LeRobotDataset } from "../dataset.ts";
import { agreementFindings, type NamedValues } from "./agreement.ts";
import { lookAtCameras } from "./cameras.ts";
import { duplicateFindings } from "./duplicates.ts";
import { correctionFindings, lengthFindings, outcomeFindings } from "./episodes.ts";
import { type Finding, verdict } from "./finding.ts";
import { labelFindings } from "./labels.ts";
import { luckFindings } from "./luck.ts";
import { motionFindings, readMotions } from "./motion.ts";
import { outlierFindings } from "./outliers.ts";

export interface Diagnosis {
  readonly fit: ReturnType<typeof verdict>;
  readonly findings: readonly Finding[];
}

export interface DoctorOptions {
  /** Tag of the dataset's labels to judge. */
  readonly labels?: string | undefined;
  /** Or a column of labels that another tool wrote. */
  readonly column?: string | undefined;
  /** Values of several value functions, such as those of the folds, to compare. */
  readonly values?: readonly NamedValues[] | undefined;
  /** Told how many episodes are looked at, of how many. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Looks at outcomes, lengths, corrections, motion, repeats and cameras, and at given labels and values. The worst
 * findings come first.
 */
export async function examineDataset(dataset: LeRobotDataset, options: DoctorOptions = {}): Promise<Diagnosis> {
  const { labels, column, values = [], progress } = options;
  const motions = await readMotions(dataset);
  const { findings: seen, lights } = await lookAtCameras(dataset, motions, progress);
  const tasks = new Map(dataset.episodes.map((episode) => [episode.index, episode.tasks[0] ?? ""]));
  const findings = [
    ...outcomeFindings(dataset),
    ...lengthFindings(dataset),
    ...(await correctionFindings(dataset)),
    ...motionFindings(dataset, motions),
    ...outlierFindings(dataset.root, motions, tasks),
    ...duplicateFindings(dataset.root, motions),
    ...seen,
    ...((labels ?? column) === undefined ? [] : await labelFindings(dataset, { labels, column }, motions, lights)),
    ...(labels === undefined ? [] : await luckFindings(dataset, labels)),
    ...agreementFindings(dataset.root, values, tasks),
  ];
  const order = { bad: 0, care: 1, good: 2 };
  findings.sort((a, b) => order[a.weight] - order[b.weight]);
  return { fit: verdict(findings), findings };
}
