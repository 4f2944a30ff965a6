// The part of Algorithm 1 of π*0.6 (arXiv 2511.14759) that belongs to one task. After pre-training a policy is cloned from demonstrations.
// Each iteration then collects episodes, fine-tunes the value function, labels the data, and trains RECAP's policy and the controls.

import { relative } from "node:path";
import { addRunPolicy } from "../policy/index.ts";
import { compare, type Evaluation } from "../rollout/index.ts";
import { difficultyOf, taskNamed } from "../sim/index.ts";
import type { TaskLabels, ValueCheck, ValueResult } from "../train/index.ts";
import { collectStage, evaluateStage, faults } from "./episodes.ts";
import type { ArmInput, ExtractionArm, OpenedArm } from "./extraction/arm.ts";
import { controls } from "./extraction/controls.ts";
import { armName } from "./extraction/fine-tune.ts";
import { recap } from "./extraction/recap.ts";
import { sft } from "./extraction/sft.ts";
import { filmStage } from "./films.ts";
import { labelling, tagOf } from "./labelling.ts";
import { pretrained } from "./pretrained.ts";
import { curveOf } from "./record.ts";
import { median } from "./report/times.ts";
import { dataOf, type Run, trainingOf, valueName } from "./run.ts";
import { autonomousSeed, correctedSeed } from "./seeds.ts";
import type { Stage } from "./stages.ts";
import type {
  ArmResult,
  BothSolved,
  Curve,
  Gain,
  LabelCount,
  Paired,
  TaskSummary,
  ValueSummary,
  Warning,
} from "./summary.ts";
import { readTraces } from "./traces.ts";
import { labelStage, trainValues, valuesBy } from "./trainings.ts";

export interface Improved {
  /** Its gains are the iterations' alone, without the demonstrations. */
  readonly summary: TaskSummary;
  readonly curves: readonly Curve[];
  readonly stages: readonly Stage[];
}

/** Trains π⁰ by supervised fine-tuning, then runs the iterations. The paper's V⁰ is left out, because nothing uses it. */
export async function improve(run: Run, task: string): Promise<Improved> {
  const { iterations, controls: wanted } = run.options;
  const curves: Curve[] = [];
  const gains: Gain[] = [];
  const values: ValueSummary[] = [];
  const labels: LabelCount[] = [];
  let thresholds: readonly TaskLabels[] = [];
  const warnings: Warning[] = [];
  /** Trains an arm's policy and evaluates it. */
  const tryArm = async (arm: ExtractionArm, k: number): Promise<Evaluation> => {
    const given = inputOf(run, task, k);
    const trained = await arm.train(given);
    const opened = arm.open(given);
    const found = await evaluateStage(run, `${task}/${k}/evaluate-${arm.name}`, task, opened);
    keepPolicy(run, task, arm, k, opened);
    curves.push(...trained.curves);
    const of = armName(task, k, arm.name);
    warnings.push(...[...trained.warnings, ...faults(found)].map((text) => ({ of, text })));
    return found;
  };
  const baseline = await tryArm(sft, 0);
  const results = [armResult(sft, 0, baseline)];
  let before = baseline;
  for (let k = 1; k <= iterations; k++) {
    gains.push(...(await collectEpisodes(run, task, k)));
    const [value, ...ofValue] = await fineTuneValue(run, task, k);
    values.push(value);
    curves.push(...ofValue);
    const labelled = await label(run, task, k);
    labels.push(labelCount(k, labelled));
    thresholds = labelled;
    const improved = await tryArm(recap, k);
    const againstSft = paired(run, improved, baseline);
    results.push({
      ...armResult(recap, k, improved),
      againstSft,
      bothSolved: solvedByBoth(baseline, improved),
      againstPrevious: paired(run, improved, before),
    });
    const beside = k === iterations ? controls.filter(({ name }) => wanted.includes(name)) : [];
    for (const arm of beside) {
      const control = await tryArm(arm, k);
      results.push({
        ...armResult(arm, k, control),
        againstSft: paired(run, control, baseline),
        bothSolved: solvedByBoth(baseline, control),
        recapAgainst: paired(run, improved, control),
      });
    }
    before = improved;
  }
  const films = await film(run, task, baseline, before);
  const shown = await readTraces(dataOf(run, task), tagOf(iterations), thresholds);
  const { description } = taskNamed(task);
  const difficulty = difficultyOf(task, run.options.difficulty);
  return {
    summary: { task, description, difficulty, results, gains, values, labels, warnings, traces: shown, films },
    curves,
    stages: run.stages.all,
  };
}

/** Films episodes of SFT's policy and of RECAP's last one. */
function film(run: Run, task: string, first: Evaluation, last: Evaluation): Promise<TaskSummary["films"] & {}> {
  const { iterations } = run.options;
  const evaluated = (arm: ExtractionArm, iteration: number, evaluation: Evaluation) => {
    return { arm: arm.name, iteration, opened: arm.open(inputOf(run, task, iteration)), evaluation };
  };
  const both = { before: evaluated(sft, 0, first), after: evaluated(recap, iterations, last) };
  return filmStage(run, task, iterations, both);
}

/** Lets the run's folder stand for this policy in commands. One behind a URL stands for itself, and one of an outside trainer needs its server. */
function keepPolicy(run: Run, task: string, { name: arm }: ExtractionArm, iteration: number, opened: OpenedArm): void {
  const { policy, advantageIndicator = "none", guidance = 1 } = opened;
  const folder = relative(run.folder, policy);
  if (!folder.startsWith("..") && run.options.trainer === undefined)
    addRunPolicy(run.folder, task, { arm, iteration, folder, advantageIndicator, guidance });
}

/** What an arm of an iteration is given. */
export const inputOf = (run: Run, task: string, iteration: number): ArmInput => ({
  run,
  task,
  iteration,
  dataset: dataOf(run, task),
  labels: tagOf(iteration),
  values: valuesBy(run, valueName(task, iteration)),
  pretrained: trainingOf(run, pretrained.policy),
  pretrainedWordless: trainingOf(run, pretrained.wordless),
  actor: () => actorOf(run, task, iteration),
});

/** The policy that collects an iteration's episodes: that of the iteration before. */
function actorOf(run: Run, task: string, k: number) {
  const arm = k === 1 ? sft : recap;
  return { ...arm.open(inputOf(run, task, k - 1)), policyName: armName(task, k - 1, arm.name) };
}

/** Collects autonomous and supervised episodes by the policy of the iteration before. */
async function collectEpisodes(run: Run, task: string, k: number): Promise<Gain[]> {
  const { autonomous, corrected, seed } = run.options;
  const policy = actorOf(run, task, k);
  const gains: Gain[] = [];
  const add = async (source: Gain["source"], supervisor: "none" | "scripted", episodes: number, first: number) => {
    if (episodes === 0) return;
    const driving = { ...policy, supervisor, episodes, seed: first };
    gains.push(await collectStage(run, task, { iteration: k, source }, driving));
  };
  await add("autonomous", "none", autonomous, autonomousSeed(seed, k));
  await add("corrected", "scripted", corrected, correctedSeed(seed, k));
  return gains;
}

/** Trains V^k on all of the task's data, from the pre-trained checkpoint. */
async function fineTuneValue(run: Run, task: string, k: number): Promise<[ValueSummary, ...Curve[]]> {
  const { valueSteps, valueShift, restart, takeOver } = run.options;
  const from = restart === "previous" && k > 1 ? valueName(task, k - 1) : pretrained.value;
  const trained = await trainValues(run, valueName(task, k), {
    datasets: [{ root: dataOf(run, task) }],
    options: { steps: valueSteps, shift: valueShift, takeOver },
    from,
  });
  return [
    valueSummary(
      k,
      trained.map(([, result]) => result),
    ),
    ...trained.map(([name, result]) => curveOf(name, result)),
  ];
}

/** The check of an iteration's value function. Of several folds it is the mean. */
function valueSummary(iteration: number, results: readonly ValueResult[]): ValueSummary {
  const checks = results.flatMap(({ check }) => check ?? []);
  const mean = (of: (check: ValueCheck) => number | null) => {
    const known = checks.map(of).filter((number) => number !== null);
    return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
  };
  return {
    iteration,
    heldOutCrossEntropy: mean((check) => check.heldOutCrossEntropy) ?? Number.NaN,
    heldOutError: mean((check) => check.heldOutError) ?? Number.NaN,
    baselineError: mean((check) => check.baselineError) ?? Number.NaN,
    firstFrameGap: mean((check) => check.firstFrameGap),
    auc: mean((check) => check.auc),
    advantageSpread: mean((check) => check.advantageSpread) ?? Number.NaN,
    warnings: results.flatMap(({ warnings }) => warnings),
  };
}

/** Labels the task's data by V^k: N-step advantages and their indicators. */
async function label(run: Run, task: string, k: number): Promise<readonly TaskLabels[]> {
  const options = { ...labelling(run), tag: tagOf(k) };
  const values = valuesBy(run, valueName(task, k));
  const { tasks } = await labelStage(run, `${task}/${k}/labels`, dataOf(run, task), values, options);
  return tasks;
}

/** The counts of all instructions together. */
function labelCount(k: number, tasks: readonly TaskLabels[]): LabelCount {
  const total = (of: (instruction: (typeof tasks)[number]) => number) =>
    tasks.reduce((sum, instruction) => sum + of(instruction), 0);
  const frames = total((instruction) => instruction.frames);
  return {
    iteration: k,
    threshold: total(({ threshold, frames: part }) => threshold * part) / frames,
    frames,
    positive: total((instruction) => instruction.positive),
    forced: total((instruction) => instruction.forced),
  };
}

function armResult({ name }: ExtractionArm, iteration: number, { total }: Evaluation): ArmResult {
  const { episodes, successes, successRate, throughput, timesToSuccess } = total;
  return { arm: name, iteration, episodes, successes, successRate, throughput, timesToSuccess };
}

/** How long both take on the episodes that both solve. Medians of all successes compare different episodes. */
function solvedByBoth(before: Evaluation, after: Evaluation): BothSolved {
  const later = new Map(after.runs.filter(({ success }) => success).map(({ seed, seconds }) => [seed, seconds]));
  const both = before.runs.filter(({ seed, success }) => success && later.has(seed));
  const middle = (times: readonly number[]) => (times.length === 0 ? null : median(times));
  return {
    episodes: both.length,
    before: middle(both.map(({ seconds }) => seconds)),
    after: middle(both.map(({ seed }) => later.get(seed)!)),
  };
}

/** Compares a policy with another on the same episodes. */
function paired(run: Run, policy: Evaluation, other: Evaluation): Paired {
  const { successDifference, p, throughputRatio, failureRatio } = compare(policy, other, run.options.seed);
  return { successDifference, p, throughputRatio, failureRatio };
}
