// A task's part of Algorithm 1 of π*0.6 (arXiv 2511.14759), after pre-training: the cloned policy, then iterations of collecting, valuing,
// labelling and training, beside the controls.

import { compare, type Evaluation } from "../rollout/index.ts";
import { difficultyOf, taskNamed } from "../sim/index.ts";
import { evaluated, faults, gain } from "./episodes.ts";
import { type ArmPlan, controls, recap, sft } from "./extraction/arms.ts";
import { pretrained } from "./pretrained.ts";
import { curveOf } from "./record.ts";
import { dataOf, type Run, trainingOf } from "./run.ts";
import { autonomousSeed, correctedSeed } from "./seeds.ts";
import type { Stage } from "./stages.ts";
import type { ArmResult, Curve, Gain, LabelCount, Paired, TaskSummary, ValueCheck, Warning } from "./summary.ts";
import { traces } from "./traces.ts";
import { labelled, trainedPolicy, trainedValue } from "./trainings.ts";

export interface Improved {
  /** Its gains are those of the iterations. */
  readonly summary: TaskSummary;
  readonly curves: readonly Curve[];
  readonly stages: readonly Stage[];
}

/** π⁰ by supervised fine-tuning, then the iterations. (The paper's V⁰ is left out: nothing uses it.) */
export async function improve(run: Run, task: string): Promise<Improved> {
  const { iterations, controls: wanted } = run.options;
  const curves: Curve[] = [];
  const gains: Gain[] = [];
  const values: ValueCheck[] = [];
  const labels: LabelCount[] = [];
  const warnings: Warning[] = [];
  /** Trains an arm's policy and evaluates it. */
  const tried = async (k: number, arm: ArmPlan): Promise<Evaluation> => {
    const of = `${task}/${k}/${arm.name}`;
    const trained = await trainArm(run, task, k, arm, curves);
    const found = await evaluateArm(run, task, k, arm);
    warnings.push(...[...trained, ...faults(found)].map((text) => ({ of, text })));
    return found;
  };
  const baseline = await tried(0, sft);
  const results = [armResult(sft, 0, baseline)];
  let actor = trainingName(task, 0, sft);
  let before = baseline;
  for (let k = 1; k <= iterations; k++) {
    gains.push(...(await collectWith(run, actor, task, k)));
    values.push(await fineTuneValue(run, task, k, curves));
    labels.push(await label(run, task, k));
    const beside = k === iterations ? controls.filter(({ name }) => wanted.includes(name)) : [];
    const improved = await tried(k, recap);
    const againstSft = paired(run, improved, baseline);
    results.push({ ...armResult(recap, k, improved), againstSft, againstPrevious: paired(run, improved, before) });
    before = improved;
    for (const arm of beside) {
      const control = await tried(k, arm);
      results.push({
        ...armResult(arm, k, control),
        againstSft: paired(run, control, baseline),
        recapAgainst: paired(run, improved, control),
      });
    }
    actor = trainingName(task, k, recap);
  }
  const shown = await traces(dataOf(run, task), tagOf(iterations));
  const { description } = taskNamed(task);
  const difficulty = difficultyOf(task, run.options.difficulty);
  return {
    summary: { task, description, difficulty, results, gains, values, labels, warnings, traces: shown },
    curves,
    stages: run.stages.all,
  };
}

/** Autonomous and supervised episodes of the policy so far. */
async function collectWith(run: Run, actor: string, task: string, k: number): Promise<Gain[]> {
  const { autonomous, corrected, seed } = run.options;
  const policy = { policy: trainingOf(run, actor), policyName: actor };
  const gains: Gain[] = [];
  const add = async (source: Gain["source"], supervisor: "none" | "scripted", episodes: number, first: number) => {
    if (episodes > 0)
      gains.push(await gain(run, task, { iteration: k, source }, { ...policy, supervisor, episodes, seed: first }));
  };
  await add("autonomous", "none", autonomous, autonomousSeed(seed, k));
  await add("corrected", "scripted", corrected, correctedSeed(seed, k));
  return gains;
}

/** V^k, from the pre-trained checkpoint on all of the task's data; its checks come before its labels are used. */
async function fineTuneValue(run: Run, task: string, k: number, curves: Curve[]): Promise<ValueCheck> {
  const { valueSteps, valueShift, restart } = run.options;
  const name = `${task}/${k}/value`;
  const from = restart === "previous" && k > 1 ? `${task}/${k - 1}/value` : pretrained.value;
  const datasets = [{ root: dataOf(run, task) }];
  const result = await trainedValue(run, name, {
    datasets,
    options: { steps: valueSteps, shift: valueShift, from: trainingOf(run, from) },
  });
  curves.push(curveOf(name, result));
  const { check, warnings } = result;
  return {
    iteration: k,
    heldOutCrossEntropy: check?.heldOutCrossEntropy ?? Number.NaN,
    heldOutError: check?.heldOutError ?? Number.NaN,
    baselineError: check?.baselineError ?? Number.NaN,
    firstFrameGap: check?.firstFrameGap ?? null,
    auc: check?.auc ?? null,
    advantageSpread: check?.advantageSpread ?? Number.NaN,
    warnings,
  };
}

const tagOf = (k: number) => `iteration-${k}`;

/** Advantages over N steps, some seconds, and which of them count as positive. */
async function label(run: Run, task: string, k: number): Promise<LabelCount> {
  const { positive, lookahead, forcePositive } = run.options;
  const { tasks } = await labelled(run, `${task}/${k}/labels`, dataOf(run, task), `${task}/${k}/value`, {
    tag: tagOf(k),
    positiveFraction: positive,
    horizon: lookahead,
    forceInterventions: forcePositive,
  });
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

/** The training of an arm's policy; the guided control is RECAP's, asked otherwise. */
const trainingName = (task: string, k: number, arm: ArmPlan): string =>
  `${task}/${k}/${(arm.guided ? recap : arm).name}`;

/** Fine-tunes an arm's policy, from the pre-trained checkpoint and for as many steps as every other arm. Returns what it warns of. */
async function trainArm(run: Run, task: string, k: number, arm: ArmPlan, curves: Curve[]): Promise<readonly string[]> {
  if (arm.guided) return [];
  const { finetuneSteps, finetuneLearningRate, dropout, positiveShare, restart, temperature } = run.options;
  const { batchSize, draws, fast } = run.options;
  const name = trainingName(task, k, arm);
  const goesOn = restart === "previous" && k > 1 && arm === recap;
  const from = goesOn ? trainingName(task, k - 1, arm) : pretrained.policy;
  const result = await trainedPolicy(run, name, {
    datasets: [{ root: dataOf(run, task) }],
    options: {
      steps: finetuneSteps,
      batchSize,
      draws,
      learningRate: finetuneLearningRate,
      fast,
      from: trainingOf(run, from),
      learnFrom: arm.learnFrom,
      indicator: arm.indicator,
      dropout,
      ...(arm.indicator === "labels" && { positiveShare }),
      ...((arm.indicator === "labels" || arm.weighted) && { labels: tagOf(k) }),
      ...(arm.weighted && { temperature }),
    },
  });
  curves.push(curveOf(name, result));
  return result.warnings;
}

function evaluateArm(run: Run, task: string, k: number, arm: ArmPlan): Promise<Evaluation> {
  return evaluated(run, `${task}/${k}/evaluate-${arm.name}`, task, {
    training: trainingName(task, k, arm),
    advantage: arm.indicator === "none" ? "none" : "positive",
    guidance: arm.guided ? run.options.guidance : 1,
  });
}

function armResult({ name }: ArmPlan, iteration: number, { total }: Evaluation): ArmResult {
  const { episodes, successes, successRate, throughput, timesToSuccess } = total;
  return { arm: name, iteration, episodes, successes, successRate, throughput, timesToSuccess };
}

/** A policy against another on the same episodes. */
function paired(run: Run, policy: Evaluation, other: Evaluation): Paired {
  const { successDifference, p, throughputRatio, failureRatio } = compare(policy, other, run.options.seed);
  return { successDifference, p, throughputRatio, failureRatio };
}
