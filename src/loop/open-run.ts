// Opens a run's folder, to begin the run or to go on with it.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { openDataset } from "../data/index.ts";
import { taskNamed } from "../sim/index.ts";
import { checked, PistarError, readJsonAs, replaceFile, toJson } from "../system/index.ts";
import { checkRunFormat, runFormatVersion } from "../train/index.ts";
import { type DatasetOptions, datasetOptions, type RecapOptions, recapOptions } from "./options.ts";
import { checkOutside } from "./outside/options.ts";
import { type Listener, pretrainedOn, type Run } from "./run.ts";
import { Stages } from "./stages.ts";

/**
 * Opens a run's folder, to begin or to continue.
 * @throws PistarError cannot-resume if it holds a run with other options or of another format; bad-option for an
 * unknown task
 */
export function openRun(
  folder: string,
  given: Partial<RecapOptions>,
  listener: Listener = {},
  signal?: AbortSignal,
): Run {
  const options = recapOptions.parse(given);
  for (const task of pretrainedOn(options)) taskNamed(task);
  checkOutside(options, options.controls);
  return openFolder(folder, options, listener, signal);
}

/**
 * The same for a run on existing datasets.
 * @throws PistarError cannot-resume as `openRun`, or a dataset's faults
 */
export async function openDatasetRun(
  folder: string,
  given: Partial<DatasetOptions> & Pick<DatasetOptions, "datasets">,
  listener: Listener = {},
  signal?: AbortSignal,
): Promise<Run<DatasetOptions>> {
  const options = datasetOptions.parse(given);
  checkOutside(options, [], false);
  const datasets = [...new Set(options.datasets.map((root) => resolve(root)))];
  for (const root of datasets) await (await openDataset(root)).close();
  return openFolder(folder, { ...options, datasets }, listener, signal);
}

const configSchema = z.object({ startedAt: z.string(), options: z.record(z.string(), z.unknown()) });

/**
 * The configuration of a run's beginning, from its folder.
 * @param path its config.json
 * @throws PistarError missing-file or damaged-file; cannot-resume for another format
 */
export function readRunConfig(path: string): z.infer<typeof configSchema> {
  const config = readJsonAs(z.looseObject({}), path);
  checkRunFormat(dirname(path), config.format_version);
  return checked(configSchema, config, path);
}

/**
 * A run that is there, to look at. It may be older: options that it lacks have their defaults, and unknown ones are left aside.
 * @throws PistarError as `readRunConfig`
 */
export function readRun(folder: string): Run {
  const { startedAt, options } = readRunConfig(join(folder, "config.json"));
  const stages = new Stages(folder, () => {});
  const known = Object.fromEntries(Object.entries(options).filter(([name]) => name in recapOptions.shape));
  return {
    folder,
    options: checked(recapOptions, known, join(folder, "config.json")),
    startedAt,
    stages,
    listener: {},
    share: 1,
    signal: undefined,
  };
}

function openFolder<Options extends { readonly seed: number }>(
  folder: string,
  options: Options,
  listener: Listener,
  signal: AbortSignal | undefined,
): Run<Options> {
  const path = join(folder, "config.json");
  const there = existsSync(path);
  const known = there ? readRunConfig(path) : { startedAt: new Date().toISOString(), options };
  const before: Readonly<Record<string, unknown>> = known.options;
  const asked: Readonly<Record<string, unknown>> = options;
  for (const name of new Set([...Object.keys(asked), ...Object.keys(before)]))
    if (!isDeepStrictEqual(before[name], asked[name]) && !mayBecome(name, before[name], asked[name]))
      throw new PistarError(
        "cannot-resume",
        `${folder}: a run with ${name} ${shown(before[name])} is there, asked for was ${shown(asked[name])}; ` +
          "go on with the same options, or choose another folder",
        { path: folder },
      );
  if (!there || !isDeepStrictEqual(before, asked))
    replaceFile(path, toJson({ format_version: runFormatVersion, startedAt: known.startedAt, options }, 2));
  const stages = new Stages(folder, (name, state) => {
    if (state === "begins") signal?.throwIfAborted();
    listener.onStage?.(name, state);
  });
  return { folder, options, startedAt: known.startedAt, stages, listener, share: 1, signal };
}

/** Options that may change later, because no finished stage depends on them. Iterations can only become more. */
const mayBecome = (name: string, before: unknown, after: unknown): boolean =>
  name === "controls" || (name === "iterations" && Number(after) > Number(before));

const shown = (value: unknown) => JSON.stringify(value) ?? "unset";
