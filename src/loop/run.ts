// A run of RECAP and the paths in its folder.
//
//     config.json         options, and the time of the start
//     data/TASK/          in simulation, the task's dataset D_ℓ: demonstrations, then the episodes of each iteration
//     trainings/NAME/     folder of a training, such as pretrain/policy or cube-in-bowl/1/recap
//     stages/NAME.json    result of a stage
//     logs/, processes/   of the commands of an outside trainer (outside/command.ts)
//     audit/TASK/K/       audits of an iteration (audits.ts)
//     cache/              decoded pictures, deleted at the end
//     summary.json, report.html
import { join } from "node:path";
import type { RecapOptions } from "./options.ts";
import type { StageState, Stages } from "./stages.ts";

/** Is told how a run goes. */
export interface Listener {
  /** A stage begins or ends, or an earlier process has ended it already. Stages of two tasks may overlap. */
  readonly onStage?: (name: string, state: StageState) => void;
  /** Progress within a stage. `note` is a training's loss, for example. */
  readonly onProgress?: (stage: string, done: number, total: number, note?: string) => void;
  /** A line for the user: a stage's result. */
  readonly onNote?: (line: string) => void;
  /** A line for the user: a problem that does not stop the run. */
  readonly onWarning?: (line: string) => void;
}

/** An open run, in simulation by default. */
export interface Run<Options extends { readonly seed: number } = RecapOptions> {
  readonly folder: string;
  readonly options: Options;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly stages: Stages;
  readonly listener: Listener;
  /** Share of the machine's cores for the run, 0 to 1; below 1 for tasks side by side. */
  readonly share: number;
  /** Ends the run after the episodes in progress, or before the next stage. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Tasks of the demonstrations for pre-training. Their order decides the batches: runs that name the same tasks have the
 * same pre-training.
 */
export const pretrainedOn = ({ tasks, pretrainTasks }: Pick<RecapOptions, "tasks" | "pretrainTasks">): string[] => [
  ...new Set([...pretrainTasks, ...tasks]),
];

/** The folder of a task's dataset. */
export const dataOf = ({ folder }: Run, task: string): string => join(folder, "data", task);

/** The folder of a training. Its policy or value function can be loaded from it. */
export const trainingOf = ({ folder }: Pick<Run, "folder">, name: string): string => join(folder, "trainings", name);

/** The name of an iteration's value function. */
export const valueName = (task: string, iteration: number): string => `${task}/${iteration}/value`;
