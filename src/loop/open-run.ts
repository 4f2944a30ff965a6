// Opening a run's folder, to begin a run or to go on with it.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openDataset } from "../data/index.ts";
import { taskNamed } from "../sim/index.ts";
import { readJson, replaceFile } from "../system/index.ts";
import { type DatasetOptions, datasetOptions, type RecapOptions, recapOptions } from "./options.ts";
import { type Listener, pretrainedOn, type Run } from "./run.ts";
import { Stages } from "./stages.ts";

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
  return openFolder(folder, options, listener, signal);
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
  return openFolder(folder, { ...options, datasets }, listener, signal);
}

function openFolder<Options extends { readonly seed: number }>(
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
