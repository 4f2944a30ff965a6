// Algorithm 1 of π*0.6 (arXiv 2511.14759) on simulated tasks, with controls. Demonstrations and pre-training are shared by all tasks; then each
// task is improved by itself (improve.ts).
import type { Course, PolicyOptions } from "../train/index.ts";
import { readAudits } from "./audits.ts";
import { collectStage } from "./episodes.ts";
import { controls } from "./extraction/controls.ts";
import type { Improved } from "./improve.ts";
import { improveAll } from "./lanes.ts";
import { asOnlyWriter } from "./only-writer.ts";
import { endLeft } from "./outside/train.ts";
import { pretrained } from "./pretrained.ts";
import { curveOf, picturesOf, recordOf, writeResults } from "./record.ts";
import { renderReport } from "./report/page.ts";
import { dataOf, pretrainedOn, type Run } from "./run.ts";
import { demonstrationSeed } from "./seeds.ts";
import type { Curve, Gain, Summary, Warning } from "./summary.ts";
import { dropFrameCache, labelStage, trainPolicyStage, trainValues, valuesBy } from "./trainings.ts";

/**
 * Runs all stages that are missing in a run's folder. Writes summary.json and report.html after each task and at the end.
 * @throws PistarError "busy-lock" if another process is at work in the folder
 */
export const runRecap = (run: Run): Promise<Summary> => asOnlyWriter(run, () => algorithm1(run));

async function algorithm1(run: Run): Promise<Summary> {
  await endLeft(run);
  const demonstrations = new Map<string, Gain>();
  for (const task of pretrainedOn(run.options)) demonstrations.set(task, await demonstrate(run, task));
  const before = await pretrain(run);
  const done = await improveAll(run, (improved) => write(run, demonstrations, before, improved, false));
  const summary = write(run, demonstrations, before, done, true);
  dropFrameCache(run);
  return summary;
}

/** Collects the demonstrations of a task, D_demo. */
function demonstrate(run: Run, task: string): Promise<Gain> {
  const { demonstrations: episodes, seed } = run.options;
  const driving = { policy: "demonstrator", supervisor: "none", episodes, seed: demonstrationSeed(seed) } as const;
  return collectStage(run, task, { iteration: 0, source: "demonstrations" }, driving);
}

interface Pretrained {
  readonly curves: readonly Curve[];
  readonly warnings: readonly Warning[];
}

/** Trains V_pre and π_pre on the demonstrations of all tasks. Advantages reach to the episode's end (N = T). */
async function pretrain(run: Run): Promise<Pretrained> {
  const { pretrainPositive, pretrainSteps, valueSteps, valueShift, dropout, batchSize, draws, learningRate } =
    run.options;
  const { size, backbone, horizon, fast } = run.options;
  const datasets = pretrainedOn(run.options).map((task) => ({ root: dataOf(run, task) }));
  const values = await trainValues(run, pretrained.value, {
    datasets,
    options: { size, steps: valueSteps, shift: valueShift },
  });
  for (const task of pretrainedOn(run.options))
    await labelStage(run, `pretrain/labels-${task}`, dataOf(run, task), valuesBy(run, pretrained.value), {
      tag: pretrained.tag,
      positiveFraction: pretrainPositive,
    });
  const labels = { advantageIndicator: "labels", labels: pretrained.tag, dropout } as const;
  const options = { size, backbone, steps: pretrainSteps, batchSize, draws, learningRate, fast, horizon };
  const trained: (readonly [string, Course & { readonly warnings: readonly string[] }])[] = [...values];
  const add = async (name: string, own: Partial<PolicyOptions>) =>
    trained.push([name, await trainPolicyStage(run, name, { datasets, options: { ...options, ...own } })]);
  // An outside trainer may have a checkpoint to begin from.
  if (run.options.from === undefined) await add(pretrained.policy, labels);
  // Wordless controls may be asked for when rollouts are in the datasets already.
  const isWordless = controls.some(({ name, wordless }) => wordless && run.options.controls.includes(name));
  if (isWordless && run.options.from === undefined) await add(pretrained.wordless, { learnFrom: "demonstrations" });
  return {
    curves: trained.map(([name, result]) => curveOf(name, result)),
    warnings: trained.flatMap(([of, { warnings }]) => warnings.map((text) => ({ of, text }))),
  };
}

function write(
  run: Run,
  demonstrations: ReadonlyMap<string, Gain>,
  pretraining: Pretrained,
  improved: readonly Improved[],
  finished: boolean,
): Summary {
  const curves = [...pretraining.curves, ...improved.flatMap((task) => task.curves)];
  const stages = [...run.stages.all, ...improved.flatMap((task) => task.stages)];
  const tasks = improved.map(({ summary }) => ({
    ...summary,
    gains: [demonstrations.get(summary.task)!, ...summary.gains],
  }));
  const summary = { ...recordOf(run, { curves, stages }, finished), warnings: pretraining.warnings, tasks };
  writeResults(run, summary, renderReport(summary, picturesOf(run.folder), readAudits(run.folder)));
  return summary;
}
