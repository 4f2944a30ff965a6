// Is this data fit for RECAP? Findings in sentences, each with the command that mends it, and a verdict over all.
import type { LeRobotDataset } from "../dataset.ts";
import { cameraFindings } from "./cameras.ts";
import { correctionFindings, lengthFindings, outcomeFindings } from "./episodes.ts";
import { type Finding, verdict } from "./finding.ts";
import { labelFindings } from "./labels.ts";
import { luckFindings } from "./luck.ts";
import { motionFindings } from "./motion.ts";

export interface Diagnosis {
  readonly fit: ReturnType<typeof verdict>;
  readonly findings: readonly Finding[];
}

export interface DoctorOptions {
  /** Tag of the dataset's labels to judge. */
  readonly labels?: string | undefined;
  /** Or a column of labels that another tool wrote. */
  readonly column?: string | undefined;
  /** Told how many episodes are looked at, of how many. */
  readonly progress?: (done: number, total: number) => void;
}

/** Looks at outcomes, lengths, corrections, motion, cameras, and labels where they are named. The worst findings come first. */
export async function examineDataset(dataset: LeRobotDataset, options: DoctorOptions = {}): Promise<Diagnosis> {
  const labels = options.labels ?? options.column;
  const findings = [
    ...outcomeFindings(dataset),
    ...lengthFindings(dataset),
    ...(await correctionFindings(dataset)),
    ...(await motionFindings(dataset)),
    ...(await cameraFindings(dataset, options.progress)),
    ...(labels === undefined ? [] : await labelFindings(dataset, options)),
    ...(options.labels === undefined ? [] : await luckFindings(dataset, options.labels)),
  ];
  const order = { bad: 0, care: 1, good: 2 };
  findings.sort((a, b) => order[a.weight] - order[b.weight]);
  return { fit: verdict(findings), findings };
}
