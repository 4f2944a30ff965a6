// The folder of a training run:
//
//     config.json                            format version, stage, options and datasets
//     metrics.jsonl, events.out.*            metrics, for people and for TensorBoard
//     checkpoints/000250/pretrained_model/   the model
//                       /training_state/     the state to resume from
//                /last, /best                name of a checkpoint
//     result.json                            results of a finished run
//
// A checkpoint is written under another name and renamed. Only the last and the best are kept.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { holdLock, PistarError, readJsonAs, replaceFile, sync, toJson } from "../../system/index.ts";
import { checkRunFormat, runFormatVersion } from "./run-format.ts";

/** The folder's name of the checkpoint after `step`, as in LeRobot: "000250". */
const checkpointName = (step: number): string => String(step).padStart(6, "0");

/** The folder of the model in the checkpoint after `step`. */
export const modelFolder = ({ path }: Pick<RunFolder, "path">, step: number): string =>
  join(path, "checkpoints", checkpointName(step), "pretrained_model");

export interface RunFolder {
  readonly path: string;
  /** Folder of the last checkpoint, if there is one. */
  readonly last: string | undefined;
  /** Writes the checkpoint of a step; `best` makes it the best so far. @returns its folder */
  save(step: number, best: boolean, fill: (folder: string) => Promise<void>): Promise<string>;
}

/**
 * Works in a training's folder, as its only process.
 * @throws PistarError busy-lock if another process works there; else as `openRunFolder` and `work`
 */
export async function withRunFolder<Result>(
  path: string,
  config: Readonly<Record<string, unknown>>,
  resume: boolean,
  work: (run: RunFolder) => Promise<Result>,
): Promise<Result> {
  const release = holdLock(join(path, "lock"), path);
  try {
    return await work(openRunFolder(path, config, resume));
  } finally {
    release();
  }
}

/**
 * Creates a run, or opens one to resume it.
 * @throws PistarError already-there if there is a run and `resume` is false; cannot-resume if its options, data or format differ
 */
export function openRunFolder(path: string, config: Readonly<Record<string, unknown>>, resume: boolean): RunFolder {
  const known = join(path, "config.json");
  const given = JSON.parse(toJson({ format_version: runFormatVersion, ...config })) as Record<string, unknown>;
  const checkpoints = join(path, "checkpoints");
  const pointed = (pointer: string): string | undefined => {
    const file = join(checkpoints, pointer);
    if (!existsSync(file)) return undefined;
    // LeRobot makes a link of it, pistar a file with the name.
    return statSync(file).isDirectory() ? basename(realpathSync(file)) : readFileSync(file, "utf8").trim();
  };
  const last = pointed("last");
  // A run without a checkpoint may be begun again.
  if (last !== undefined) {
    if (!resume)
      throw new PistarError(
        "already-there",
        `${path}: there is a run already; resume it (--resume), remove it, or choose another folder`,
        { path },
      );
    const before = readJsonAs(z.looseObject({}), known);
    checkRunFormat(path, before.format_version);
    for (const name of new Set([...Object.keys(before), ...Object.keys(given)]))
      if (!isDeepStrictEqual(before[name], given[name]))
        throw new PistarError(
          "cannot-resume",
          `${path}: expected to resume with the same ${name}, ${difference(before[name], given[name])}; other settings need a new run`,
          { path },
        );
  } else replaceFile(known, JSON.stringify(given, null, 2));

  return {
    path,
    last: last === undefined ? undefined : join(checkpoints, last),
    async save(step, best, fill) {
      const name = checkpointName(step);
      const folder = join(checkpoints, name);
      const unfinished = join(checkpoints, `.${name}.tmp`);
      for (const leftover of [unfinished, folder]) rmSync(leftover, { recursive: true, force: true });
      mkdirSync(unfinished, { recursive: true });
      await fill(unfinished);
      renameSync(unfinished, folder);
      sync(checkpoints);
      replaceFile(join(checkpoints, "last"), name);
      if (best) replaceFile(join(checkpoints, "best"), name);
      const kept = [name, pointed("best")];
      for (const entry of readdirSync(checkpoints, { withFileTypes: true }))
        if (entry.isDirectory() && !kept.includes(entry.name))
          rmSync(join(checkpoints, entry.name), { recursive: true, force: true });
      return folder;
    },
  };
}

/** The entries in which two objects differ, or the two values. */
function difference(before: unknown, now: unknown): string {
  if (before instanceof Object && now instanceof Object) {
    const [a, b] = [before, now] as [Record<string, unknown>, Record<string, unknown>];
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((n) => !isDeepStrictEqual(a[n], b[n]));
    return names.map((name) => `${name} ${JSON.stringify(a[name])}, got ${JSON.stringify(b[name])}`).join("; ");
  }
  return `${JSON.stringify(before)}, got ${JSON.stringify(now)}`;
}

const resultFile = ({ path }: RunFolder) => join(path, "result.json");

/** The results of a run, if it has ended. @throws PistarError damaged-file, naming the field */
export function readResult<Schema extends z.ZodType>(run: RunFolder, schema: Schema): z.output<Schema> | undefined {
  return run.last !== undefined && existsSync(resultFile(run)) ? readJsonAs(schema, resultFile(run)) : undefined;
}

export function writeResult(run: RunFolder, result: object): void {
  replaceFile(resultFile(run), toJson(result, 2));
}
