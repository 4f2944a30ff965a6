// Stages of training and labelling. A killed training continues from its last checkpoint.
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { number } from "../system/index.ts";
import {
  type LabelOptions,
  type LabelReport,
  labelDataset,
  labelReportSchema,
  learnedValues,
  type PolicyResult,
  policyResultSchema,
  relabelDatasets,
  type TrainingProgress,
  type TrainPolicyInput,
  type TrainValueInput,
  trainPolicy,
  trainValue,
  type ValueCheck,
  type ValueResult,
  type ValueSource,
  valueResultSchema,
} from "../train/index.ts";
import { type OutsideRun, trainOutside } from "./outside/train.ts";
import { percent } from "./report/format.ts";
import { type Run, trainingOf } from "./run.ts";

type AnyRun = Run<{ readonly seed: number }>;
type Asked<Input> = Omit<Input, "run" | "resume" | "onProgress" | "onDecode" | "signal">;

/** Trains a value function as the stage `name`, and notes the result of its check. */
export function trainValueStage(run: AnyRun, name: string, asked: Asked<TrainValueInput>): Promise<ValueResult> {
  return run.stages.run(name, valueResultSchema, async () => {
    const { warnings, check, ...result } = await trainValue({ ...asked, ...common(run, name, asked.options) });
    if (check)
      run.listener.onNote?.(
        `${name}: on held-out episodes off by ${number(check.heldOutError)} (the mean return by time: ${number(check.baselineError)})` +
          pairsRanked(check),
      );
    for (const warning of warnings) run.listener.onWarning?.(`${name}: ${warning}`);
    return { ...result, check, warnings };
  });
}

/** Pairs of fewer held-out successes or failures say little. */
const fewEpisodes = 5;

/** How often the value function ranks a success above a failure, in words. */
function pairsRanked({ auc, successes, failures }: ValueCheck): string {
  if (auc === null) return "";
  const few = Math.min(successes, failures) < fewEpisodes ? ", too few to rely on" : "";
  const of = `${successes} ${successes === 1 ? "success" : "successes"} and ${failures} ${failures === 1 ? "failure" : "failures"}`;
  return `; it ranks successes above failures in ${percent(auc)} of pairs (of ${of}${few})`;
}

/** Steps between validations of a policy. A validation takes as long as twenty steps, so every 800 steps it costs 2.5 % of a training. */
const policyValidateEvery = 800;

/** Trains a policy as the stage `name`, by pistar or by the run's own trainer, and notes its held-out error. */
export function trainPolicyStage(run: OutsideRun, name: string, asked: Asked<TrainPolicyInput>): Promise<PolicyResult> {
  return run.stages.run(name, policyResultSchema, async () => {
    if (run.options.trainer !== undefined) return trainOutside(run, name, asked);
    const options = { validateEvery: policyValidateEvery, ...asked.options };
    const result = await trainPolicy({ ...asked, ...common(run, name, options) });
    const [error, trivial] = [result.heldOut?.["heldOut/actionError"], result.heldOut?.["heldOut/repeatLastError"]];
    if (error !== undefined && trivial !== undefined)
      run.listener.onNote?.(
        `${name}: on held-out episodes its actions are off by ${number(error)} (repeating the last: ${number(trivial)})`,
      );
    for (const warning of result.warnings) run.listener.onWarning?.(`${name}: ${warning}`);
    return result;
  });
}

function common<Options extends object>(run: AnyRun, name: string, options: Options | undefined) {
  const { listener, signal } = run;
  return {
    signal,
    run: trainingOf(run, name),
    options: { ...options, seed: run.options.seed, cache: cacheOf(run), ...threadsOf(run) },
    resume: true,
    onProgress: ({ step, steps, loss }: TrainingProgress) =>
      listener.onProgress?.(name, step, steps, `loss ${number(loss)}`),
    onDecode: (done: number, total: number) => listener.onProgress?.(name, done, total, "decoding pictures"),
  };
}

const cacheOf = ({ folder }: AnyRun) => join(folder, "cache");

/** Deletes the decoded images: they take several times the space of the data. A resumed run decodes them again. */
export const dropFrameCache = (run: AnyRun): void => rmSync(cacheOf(run), { recursive: true, force: true });

const threadsOf = ({ share }: AnyRun) =>
  share < 1 && { threads: Math.max(1, Math.floor(availableParallelism() * share)) };

/** Names of a value function's trainings: itself, or one for each fold of the episodes. */
const foldsOf = ({ options }: Pick<Run, "options">, name: string): { name: string; fold?: string }[] => {
  const { valueFolds: count } = options;
  if (count === 1) return [{ name }];
  return Array.from({ length: count }, (_, i) => ({ name: `${name}-${i + 1}-of-${count}`, fold: `${i + 1}/${count}` }));
};

/** Trains a value function of each fold. @param from name of the value function to fine-tune, fold by fold */
export async function trainValues(
  run: Run,
  name: string,
  { datasets, options, from }: Asked<TrainValueInput> & { readonly from?: string },
): Promise<(readonly [name: string, ValueResult])[]> {
  const bases = from === undefined ? undefined : foldsOf(run, from);
  const trained: (readonly [string, ValueResult])[] = [];
  for (const [i, { name: own, fold }] of foldsOf(run, name).entries()) {
    const base = bases && { from: trainingOf(run, bases[i]!.name) };
    const all = { ...options, ...base, ...(fold !== undefined && { fold }) };
    trained.push([own, await trainValueStage(run, own, { datasets, options: all })]);
  }
  return trained;
}

/** The values of a value function of the run, of every fold. Its trainings must have ended when they are asked for. */
export const valuesBy = (run: Run, name: string) => (): ValueSource =>
  learnedValues(foldsOf(run, name).map((fold) => trainingOf(run, fold.name)));

/** Labels a dataset by its values. @param dataset its folder */
export function labelStage(
  run: AnyRun,
  name: string,
  dataset: string,
  values: () => ValueSource,
  options: Partial<LabelOptions>,
): Promise<LabelReport> {
  const { listener, stages } = run;
  return stages.run(name, labelReportSchema, async () => {
    const report = await labelDataset({
      dataset,
      values: values(),
      options: { ...options, cache: cacheOf(run), ...threadsOf(run) },
      onProgress: (done, total) => listener.onProgress?.(name, done, total),
    });
    tell(run, report);
    return report;
  });
}

/** Labels datasets again, by the advantages stored under a tag: a task then has one threshold in all of them. */
export function relabelStage(
  run: AnyRun,
  name: string,
  datasets: readonly string[],
  options: Partial<LabelOptions> & Pick<LabelOptions, "tag">,
): Promise<LabelReport[]> {
  return run.stages.run(name, z.array(labelReportSchema), async () => {
    const reports = await relabelDatasets({ datasets, from: options.tag, options });
    for (const report of reports) tell(run, report);
    return reports;
  });
}

function tell({ listener }: AnyRun, { tasks }: LabelReport): void {
  for (const { task, frames, positive, forced } of tasks)
    listener.onNote?.(
      `"${task}": ${percent(positive / frames)} of ${number(frames)} frames are positive, ${number(forced)} of them corrections`,
    );
}
