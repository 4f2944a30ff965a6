// RECAP on existing datasets, without a robot: the pre-training of Algorithm 1 of π*0.6 (arXiv 2511.14759). It trains a value function, labels
// the data by it, and trains a policy on the labels. Success cannot be measured; held-out errors are compared with trivial ones.
import { basename, resolve } from "node:path";
import { listLabels, openDataset } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { type LabelReport, learnedValues, succeeded } from "../train/index.ts";
import { asOnlyWriter } from "./only-writer.ts";
import type { DatasetOptions } from "./options.ts";
import { endLeft } from "./outside/train.ts";
import { curveOf, recordOf, writeResults } from "./record.ts";
import { renderDatasetReport } from "./report/dataset-page.ts";
import { type Run, trainingOf } from "./run.ts";
import type { Curve, DatasetSummary, DatasetsSummary } from "./summary.ts";
import { readTraces } from "./traces.ts";
import { dropFrameCache, labelStage, relabelStage, trainPolicyStage, trainValueStage } from "./trainings.ts";

type DatasetRun = Run<DatasetOptions>;

/** The report shows so many successes, failures and corrected episodes of a dataset. */
const shownOfEach = 2;

/**
 * Runs all stages that are missing in a run's folder. Writes summary.json and report.html after each part. The datasets get the labels
 * `labelTag(run)` in their meta folder; nothing else of them changes.
 * @throws PistarError "busy-lock" if another process is at work in the folder; Error saying what is wrong with a dataset or an option
 */
export const runOnDatasets = (run: DatasetRun): Promise<DatasetsSummary> =>
  asOnlyWriter(run, () => pretrainOnDatasets(run));

async function pretrainOnDatasets(run: DatasetRun): Promise<DatasetsSummary> {
  await endLeft(run);
  const { size, backbone, horizon, dropout, batchSize, draws, learningRate, fast, pretrainSteps, valueSteps } =
    run.options;
  const learned = { size, backbone, horizon, steps: pretrainSteps, batchSize, draws, learningRate, fast, dropout };
  const { pretrainPositive, forcePositive, lookahead, rename } = run.options;
  const tag = labelTag(run);
  const roots = run.options.datasets;
  if (!run.stages.has("value")) for (const root of roots) refuseForeignLabels(root, tag);
  const datasets: DatasetSummary[] = [];
  for (const root of roots) datasets.push(await describeDataset(run, root));
  const curves: Curve[] = [];

  const value = await trainValueStage(run, "value", {
    datasets: roots.map((root) => ({ root })),
    options: { size, steps: valueSteps, rename },
  });
  curves.push(curveOf("value", value));
  write(run, { datasets, value, policy: null }, curves, false);

  const shares = { tag, positiveFraction: pretrainPositive, forceInterventions: forcePositive, rename };
  const labels: LabelReport[] = [];
  for (const [at, root] of roots.entries()) {
    const stage = roots.length === 1 ? "labels" : `labels-${at + 1}-${basename(root)}`;
    labels.push(
      await labelStage(run, stage, root, () => learnedValues([trainingOf(run, "value")]), { ...shares, lookahead }),
    );
  }
  const pooled = roots.length === 1 ? labels : await relabelStage(run, "labels", roots, shares);
  for (const [at, root] of roots.entries())
    datasets[at] = {
      ...datasets[at]!,
      labels: pooled[at]!,
      traces: await readTraces(root, tag, pooled[at]!.tasks, { each: shownOfEach, rename }),
    };
  write(run, { datasets, value, policy: null }, curves, false);

  const policy = await trainPolicyStage(run, "policy", {
    datasets: roots.map((root) => ({ root })),
    options: { ...learned, rename, advantageIndicator: "labels", labels: tag },
  });
  curves.push(curveOf("policy", policy));
  const summary = write(run, { datasets, value, policy }, curves, true);
  dropFrameCache(run);
  return summary;
}

/** The tag of a run's labels: its folder's name. Runs on one dataset thus have labels of their own. */
export const labelTag = ({ folder }: Pick<Run, "folder">): string => basename(resolve(folder)).replace(/[^\w.-]/g, "_");

/** A run that has labelled nothing yet must not write over the labels of another run with the same folder name. */
function refuseForeignLabels(root: string, tag: string): void {
  if (listLabels(root, "advantages").includes(tag))
    throw new PistarError(
      "already-there",
      `${root}: labels "${tag}" are there already, of another run whose folder has that name; choose another folder, or remove meta/advantages_${tag}.parquet`,
      { path: root },
    );
}

/** Describes a dataset, and notes the number of episodes without a recorded outcome. */
async function describeDataset({ listener }: DatasetRun, root: string): Promise<DatasetSummary> {
  const dataset = await openDataset(root);
  await dataset.close();
  const { episodes } = dataset;
  const unsaid = episodes.filter(({ extra }) => (extra.episode_success ?? null) === null).length;
  if (unsaid > 0)
    listener.onWarning?.(
      `${root}: ${unsaid} of ${episodes.length} episodes do not say whether they succeeded (column episode_success of meta/episodes); they are taken for successes`,
    );
  return {
    root,
    episodes: episodes.length,
    frames: episodes.reduce((sum, { length }) => sum + length, 0),
    failures: episodes.filter((episode) => !succeeded(episode)).length,
    unsaid,
    labels: null,
    traces: [],
  };
}

function write(
  run: DatasetRun,
  { datasets, value, policy }: Pick<DatasetsSummary, "datasets" | "value" | "policy">,
  curves: readonly Curve[],
  finished: boolean,
): DatasetsSummary {
  const summary = {
    ...recordOf(run, { curves, stages: run.stages.all }, finished),
    datasets: [...datasets],
    value: value && { episodes: value.episodes, check: value.check, warnings: value.warnings },
    policy: policy && { episodes: policy.episodes, heldOut: policy.heldOut, warnings: policy.warnings },
  };
  writeResults(run, summary, renderDatasetReport(summary));
  return summary;
}
