// A run of RECAP: what it was asked to do, and its folder.
//
//     config.json         options, and when it began
//     data/TASK/          in simulation, the task's data set D_ℓ: demonstrations first, then what each iteration gains
//     trainings/NAME/     each training's own folder, such as pretrain/policy or cube-in-bowl/1/recap
//     stages/NAME.json    what a stage found
//     cache/              decoded pictures, until the run ends
//     summary.json, report.html
import { join } from "node:path";
import type { RecapOptions } from "./options.ts";
import type { StageState, Stages } from "./stages.ts";

/** Who is told how a run goes. */
export interface Listener {
  /** As a stage begins and as it ends, or in place of both where an earlier process has ended it. Stages of two tasks may overlap. */
  readonly onStage?: (name: string, state: StageState) => void;
  /** Within a stage; `note` is such as a training's loss. */
  readonly onProgress?: (stage: string, done: number, total: number, note?: string) => void;
  /** A line for people: what a stage found. */
  readonly onNote?: (line: string) => void;
}

/** In simulation unless it is of other options. */
export interface Run<Options extends { readonly seed: number } = RecapOptions> {
  readonly folder: string;
  readonly options: Options;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly stages: Stages;
  readonly listener: Listener;
  /** Of the machine's cores for the work at hand, 0 to 1: less where other work goes on beside it. */
  readonly share: number;
  /** Ends the run after the episodes in progress, or where the next stage would begin. */
  readonly signal: AbortSignal | undefined;
}

/** Tasks whose demonstrations are pre-trained on. Their order decides the batches: runs of other tasks that name the same ones share pre-training. */
export const pretrainedOn = ({ tasks, pretrainTasks }: Pick<RecapOptions, "tasks" | "pretrainTasks">): string[] => [
  ...new Set([...pretrainTasks, ...tasks]),
];

/** The folder of a task's data set. */
export const dataOf = ({ folder }: Run, task: string): string => join(folder, "data", task);

/** The folder of a training: a policy or a value function can be loaded from it. */
export const trainingOf = ({ folder }: Pick<Run, "folder">, name: string): string => join(folder, "trainings", name);
