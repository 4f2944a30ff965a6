// Training policies and value functions, labelling, and loading what was trained.
export {
  findCheckpoint,
  type PolicyDescription,
  readPolicyDescription,
  readValueDescription,
  type ValueDescription,
} from "./checkpoint.ts";
export { type ExportedPolicy, exportPolicy } from "./export-policy.ts";
export {
  interventionColumn,
  type LabelInput,
  type LabelReport,
  labelDataset,
  relabelDatasets,
  type TaskLabels,
} from "./label.ts";
export { type LoadedPolicy, type LoadPolicyOptions, loadPolicy } from "./load-policy.ts";
export { type LoadedValue, loadValueFunction } from "./load-value.ts";
export { openExported } from "./open-exported.ts";
export { openTrained } from "./open-trained.ts";
export type { Course, CurvePoint, Progress } from "./optimise.ts";
export {
  type ExportOptions,
  exportOptions,
  type LabelOptions,
  labelOptions,
  type PolicyOptions,
  policyOptions,
  type ValueOptions,
  valueOptions,
} from "./options.ts";
export { type PolicyResult, type TrainPolicyInput, trainPolicy } from "./train-policy.ts";
export { type TrainValueInput, trainValue, type ValueResult } from "./train-value.ts";
export type { Asked, PolicyObservation, TrainedPolicy } from "./trained-policy.ts";
export { succeeded, type TrainingDataset } from "./training-data.ts";
export type { ValueCheck } from "./value-check.ts";
