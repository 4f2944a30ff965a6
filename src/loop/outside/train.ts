// A training by a trainer that is not pistar's: its dataset, its command, its checkpoint.
//
//     trainings/NAME/dataset/        what it learns from, a LeRobot dataset with the word in each frame's instruction; deleted afterwards
//     trainings/NAME/out/            what it writes
//     trainings/NAME/trained.json    where its checkpoint is
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import {
  actedPieces,
  exportVersion21,
  type LeRobotDataset,
  materialize,
  mergedPieces,
  openDataset,
} from "../../data/index.ts";
import { PistarError, readJsonAs, replaceFile, toJson } from "../../system/index.ts";
import { isChosen, type PolicyOptions, type PolicyResult, type TrainPolicyInput } from "../../train/index.ts";
import { pretrained } from "../pretrained.ts";
import { type Run, trainingOf } from "../run.ts";
import { endLeftCommands, startCommand } from "./command.ts";
import type { OutsideOptions } from "./options.ts";
import { fill, fillPath, names } from "./template.ts";

/** A run whose policies may come from an outside trainer. */
export type OutsideRun = Run<{ readonly seed: number } & Partial<OutsideOptions>>;

/** As much of it as its commands depend on. */
type Planned = Pick<OutsideRun, "folder" | "options">;

type Asked = Pick<TrainPolicyInput, "datasets"> & { readonly options?: Partial<PolicyOptions> };

/**
 * Trains a policy by the run's trainer. It learns from the same frames and words as pistar's own would, drawn evenly.
 * @throws PistarError command-failed with the end of the log
 */
export async function trainOutside(run: OutsideRun, name: string, asked: Asked): Promise<PolicyResult> {
  const { listener, signal } = run;
  const folder = trainingOf(run, name);
  const { steps = 0 } = asked.options ?? {};
  const out = join(folder, "out");
  const { trainer } = run.options;
  const episodes = await writeDataset(run, name, asked);
  // A trainer that can resume finds what it left. Others refuse a folder that is there.
  if (!names(trainer!, "resume")) rmSync(out, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const command = startCommand(run.folder, `${name}.train`, trainingCommand(run, name, asked.options ?? {}));
  const shown = setInterval(() => {
    const line = command.lastLine();
    listener.onProgress?.(name, Math.min(steps, stepIn(line)), steps, line.slice(0, 60));
  }, 1000);
  const stopped = new Promise<"stopped">((end) =>
    signal?.addEventListener("abort", () => end("stopped"), { once: true }),
  );
  try {
    const how = await Promise.race([command.ended, stopped]);
    signal?.throwIfAborted();
    if (how !== 0)
      throw command.failure(`the trainer ended with ${typeof how === "number" ? `exit code ${how}` : how}`);
    const pattern = fillPath(checkpointPattern(run), { out, steps });
    const checkpoint = newest(pattern);
    if (checkpoint === undefined)
      throw command.failure(
        `the trainer ended well, but expected its checkpoint as ${pattern}, found none; see --checkpoint`,
      );
    replaceFile(join(folder, "trained.json"), toJson({ checkpoint }));
    for (const copy of ["dataset", "dataset-v21"]) rmSync(join(folder, copy), { recursive: true, force: true });
    const course = { last: checkpoint, best: checkpoint, bestStep: steps, curve: [], validations: [] };
    return { ...course, parameters: 0, episodes: { train: episodes, heldOut: 0 }, heldOut: null, warnings: [] };
  } finally {
    clearInterval(shown);
    await command.stop();
  }
}

/** Ends the commands that a killed process has left in the run, and notes them. */
export async function endLeft({ folder, listener }: Pick<OutsideRun, "folder" | "listener">): Promise<void> {
  for (const left of await endLeftCommands(folder)) listener.onNote?.(`ended ${left}, which a killed run had left`);
}

/** The trainer's command for a training, as it is run. */
export function trainingCommand(run: Planned, name: string, { steps = 0, from }: Partial<PolicyOptions>): string {
  const folder = resolve(trainingOf(run, name));
  const out = join(folder, "out");
  return fill(run.options.trainer!, {
    dataset: join(folder, "dataset"),
    dataset_v21: join(folder, "dataset-v21"),
    from: from === undefined ? "" : startOf(run, from),
    out,
    steps,
    seed: run.options.seed,
    resume: String(existsSync(out)),
    name,
  });
}

/** The checkpoint that a training begins from, in the trainer's words. @param from folder of an earlier training */
function startOf(run: Planned, from: string): string {
  const isPretrained = [pretrained.policy, pretrained.wordless].some((name) => trainingOf(run, name) === from);
  if (isPretrained && run.options.from !== undefined) return run.options.from;
  return existsSync(join(from, "trained.json")) ? trainedBy(from) : plannedCheckpoint(run, from);
}

const trainedSchema = z.object({ checkpoint: z.string() });

/** The checkpoint of an ended training. @param folder of the training */
export const trainedBy = (folder: string): string => readJsonAs(trainedSchema, join(folder, "trained.json")).checkpoint;

/** Where a training that has not ended will leave its checkpoint. */
export const plannedCheckpoint = (run: Planned, folder: string, steps?: number): string =>
  fillPath(checkpointPattern(run), { out: join(resolve(folder), "out"), ...(steps !== undefined && { steps }) });

const checkpointPattern = ({ options }: Planned) => options.checkpoint ?? "{out}";

/** The path of a pattern; of several, at the first * that with the highest number in its name. Undefined if there is none. */
function newest(pattern: string): string | undefined {
  const parts = resolve(pattern).split("/");
  const at = parts.findIndex((part) => part.includes("*"));
  if (at === -1) return existsSync(pattern) ? resolve(pattern) : undefined;
  const parent = parts.slice(0, at).join("/") || "/";
  const [before, after] = [parts[at]!.slice(0, parts[at]!.indexOf("*")), parts[at]!.slice(parts[at]!.indexOf("*") + 1)];
  const found = existsSync(parent)
    ? readdirSync(parent).filter(
        (name) => name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length,
      )
    : [];
  const numberIn = (name: string) => Number(/\d+/.exec(name)?.[0] ?? -1);
  return found
    .toSorted((a, b) => numberIn(b) - numberIn(a) || (a < b ? 1 : -1))
    .map((name) => newest([parent === "/" ? "" : parent, name, ...parts.slice(at + 1)].join("/")))
    .find((path) => path !== undefined);
}

/** The step in a trainer's line, such as "step 100", "Step: 100", "step:2K"; 0 without one. */
export function stepIn(line: string): number {
  const [, number, thousand] = /\bsteps?\W{0,3}(\d+(?:\.\d+)?)(K?)/i.exec(line) ?? [];
  return number === undefined ? 0 : Math.round(Number(number) * (thousand ? 1000 : 1));
}

/** Writes what a training learns from. @returns the number of its episodes */
async function writeDataset(run: OutsideRun, name: string, { datasets, options = {} }: Asked): Promise<number> {
  const {
    learnFrom = "all",
    advantageIndicator = "none",
    labels = "default",
    dropout = 0,
    temperature,
    rename,
  } = options;
  if (temperature !== undefined)
    throw new PistarError(
      "bad-option",
      `${name}: a dataset cannot say the weight of a frame's loss; leave out awr with --trainer`,
    );
  if (rename?.length)
    throw new PistarError(
      "bad-option",
      "--rename: of no use with --trainer, which reads the dataset's own names; leave it out",
    );
  const target = join(trainingOf(run, name), "dataset");
  const sources: LeRobotDataset[] = [];
  try {
    for (const { root } of datasets) sources.push(await openDataset(root));
    const chosen = new Map(
      sources.map((source) => [source, new Set(source.episodes.filter(isChosen[learnFrom]).map(({ index }) => index))]),
    );
    const pieces = mergedPieces(sources).filter(({ source, episode }) => chosen.get(source)!.has(episode));
    if (!existsSync(target)) {
      if (pieces.length === 0)
        throw new PistarError("bad-option", `${name}: expected ${learnFrom} to learn from, got none`);
      await materialize(await actedPieces(pieces), target, {
        ...(advantageIndicator === "labels" && { advantages: labels }),
        word: advantageIndicator,
        dropout,
        seed: run.options.seed,
        progress: (done, total) => run.listener.onProgress?.(name, done, total, "writing its dataset"),
      });
    }
    await writeVersion21(run, target);
    return pieces.length;
  } finally {
    for (const source of sources) await source.close();
  }
}

/** The same in version 2.1, for trainers of that time such as openpi's, if the command asks for it. */
async function writeVersion21(run: OutsideRun, dataset: string): Promise<void> {
  const target = join(dirname(dataset), "dataset-v21");
  if (!names(run.options.trainer!, "dataset_v21") || existsSync(target)) return;
  const source = await openDataset(dataset);
  try {
    await exportVersion21(source, target);
  } finally {
    await source.close();
  }
}
