// A run of RECAP: what it was asked to do, and its folder.
//
//     config.json         options, and when it began
//     data/TASK/          in simulation, the task's data set D_ℓ: demonstrations first, then what each iteration gains
//     trainings/NAME/     each training's own folder, such as pretrain/policy or cube-in-bowl/1/recap
//     stages/NAME.json    what a stage found
//     cache/              decoded pictures, until the run ends
//     summary.json, report.html
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openDataset } from "../data/index.ts";
import { taskNamed } from "../sim/index.ts";
import { readJson, replaceFile } from "../system/index.ts";
import { type DatasetOptions, datasetOptions, type RecapOptions, recapOptions } from "./options.ts";
import { type StageState, Stages } from "./stages.ts";

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

/**
 * Opens a run's folder, to begin or to go on.
 * @throws Error where it holds a run with other options, or a task is unknown
 */
export function openRun(
  folder: string,
  given: Partial<RecapOptions>,
  listener: Listener = {},
  signal?: AbortSignal,
): Run {
  const options = recapOptions.parse(given);
  for (const task of pretrainedOn(options)) taskNamed(task);
  return opened(folder, options, listener, signal);
}

/**
 * The same for a run on existing datasets.
 * @throws Error where the folder holds a run with other options, or a dataset cannot be read
 */
export async function openDatasetRun(
  folder: string,
  given: Partial<DatasetOptions> & Pick<DatasetOptions, "datasets">,
  listener: Listener = {},
  signal?: AbortSignal,
): Promise<Run<DatasetOptions>> {
  const options = datasetOptions.parse(given);
  const datasets = [...new Set(options.datasets.map((root) => resolve(root)))];
  for (const root of datasets) await (await openDataset(root)).close();
  return opened(folder, { ...options, datasets }, listener, signal);
}

function opened<Options extends { readonly seed: number }>(
  folder: string,
  options: Options,
  listener: Listener,
  signal: AbortSignal | undefined,
): Run<Options> {
  const path = join(folder, "config.json");
  const first = { startedAt: new Date().toISOString(), options };
  const known = (existsSync(path) ? readJson(path) : first) as { startedAt: string; options: Record<string, unknown> };
  const asked: Readonly<Record<string, unknown>> = options;
  for (const name of new Set([...Object.keys(asked), ...Object.keys(known.options)]))
    if (!isDeepStrictEqual(known.options[name], asked[name]) && !mayBecome(name, known.options[name], asked[name]))
      throw new Error(
        `${folder}: a run with ${name} ${shown(known.options[name])} is there, asked for was ${shown(asked[name])}; ` +
          "go on with the same options, or choose another folder",
      );
  if (!existsSync(path) || !isDeepStrictEqual(known.options, options))
    replaceFile(path, JSON.stringify({ ...known, options }, null, 2));
  const stages = new Stages(folder, (name, state) => {
    if (state === "begins") signal?.throwIfAborted();
    listener.onStage?.(name, state);
  });
  return { folder, options, startedAt: known.startedAt, stages, listener, share: 1, signal };
}

/** What may be asked for later: no stage that is done depends on it. Fewer iterations than there are would have all data in the last of them. */
const mayBecome = (name: string, before: unknown, after: unknown): boolean =>
  name === "controls" || (name === "iterations" && Number(after) > Number(before));

const shown = (value: unknown) => JSON.stringify(value) ?? "unset";

/** Tasks whose demonstrations are pre-trained on. Their order decides the batches: runs of other tasks that name the same ones share pre-training. */
export const pretrainedOn = ({ tasks, pretrainTasks }: Pick<RecapOptions, "tasks" | "pretrainTasks">): string[] => [
  ...new Set([...pretrainTasks, ...tasks]),
];

/** The folder of a task's data set. */
export const dataOf = ({ folder }: Run, task: string): string => join(folder, "data", task);

/** The folder of a training: a policy or a value function can be loaded from it. */
export const trainingOf = ({ folder }: Pick<Run, "folder">, name: string): string => join(folder, "trainings", name);
