// The main job: RECAP from demonstrations to a better policy, beside its controls, with a report.

export { type ErrorCode, PistarError } from "../system/index.ts";
export {
  type ArmAcrossSeeds,
  type ArmOfRun,
  acrossSeeds,
  type PairedAcrossSeeds,
  type RunOfSeed,
} from "./across-seeds.ts";
export {
  type AuditedIteration,
  auditFolder,
  episodesOf,
  type RunAudit,
  readAudits,
  runIterationMoments,
  writeAudit,
} from "./audits.ts";
export type { ArmInput, ArmTraining, ExtractionArm, OpenedArm } from "./extraction/arm.ts";
export { type ControlName, controls } from "./extraction/controls.ts";
export { recap } from "./extraction/recap.ts";
export { sft } from "./extraction/sft.ts";
export { pairPictures } from "./film-pair.ts";
export { labelling } from "./labelling.ts";
export { auditedIteration, refreshReport } from "./open-audit.ts";
export { openDatasetRun, openRun, readRunConfig } from "./open-run.ts";
export {
  type DatasetOptions,
  datasetOptions,
  type Preset,
  presets,
  type RecapOptions,
  recapOptions,
} from "./options.ts";
export { withTrainerFile } from "./outside/options.ts";
export { type PlannedCommand, plannedCommands } from "./outside/plan.ts";
export { labelTag, runOnDatasets } from "./own-data.ts";
export { checkRoom, gigabytes, type Needs, needsOf, needsOnDatasets, type Room } from "./preflight.ts";
export { readSummary } from "./read-summary.ts";
export { runRecap } from "./recap.ts";
export { picturesOf } from "./record.ts";
export { renderDatasetReport } from "./report/dataset-page.ts";
export { datasetVerdict } from "./report/dataset-verdict.ts";
export {
  estimate,
  percent,
  percentEstimate,
  percentInterval,
  pointsEstimate,
  pointsInterval,
  probability,
  ratioEstimate,
} from "./report/format.ts";
export { renderReport } from "./report/page.ts";
export { armTitle } from "./report/titles.ts";
export { runVerdict } from "./report/verdict.ts";
export { type Listener, type Run, valueName } from "./run.ts";
export { evaluationSeed } from "./seeds.ts";
export type { Stage } from "./stages.ts";
export type { DatasetsSummary, Film, FilmedEpisode, Summary, TaskSummary } from "./summary.ts";
export {
  type Need,
  type NextStep,
  nextStep,
  openPlan,
  type PlanOptions,
  planOptions,
  roundFolder,
  trainRound,
} from "./with-person.ts";
