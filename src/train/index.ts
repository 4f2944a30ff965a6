// Training policies and value functions, and labelling datasets.

export { type ErrorCode, PistarError } from "../system/index.ts";
export { promptRoom, textTokenizerFor } from "./describe-policy.ts";
export {
  type Course,
  type CurvePoint,
  optimise,
  type TrainingControls,
  type TrainingProgress,
} from "./engine/optimise.ts";
export { readResult, withRunFolder, writeResult } from "./engine/run-folder.ts";
export { checkRunFormat, runFormatVersion } from "./engine/run-format.ts";
export type { Objective, StepFactory, StepOptions, TrainingStep } from "./engine/step.ts";
export { interventionColumn } from "./interventions.ts";
export {
  type LabelInput,
  type LabelReport,
  labelDataset,
  relabelDatasets,
  type TaskLabels,
  type ValuedEpisode,
  valueEpisodes,
} from "./label.ts";
export {
  type LabelOptions,
  labelOptions,
  optimiser,
  type PolicyOptions,
  policyOptions,
  type ValueOptions,
  valueOptions,
} from "./options.ts";
export { courseSchema, labelReportSchema, policyResultSchema, valueResultSchema } from "./result-schemas.ts";
export { type ShuffleInput, shuffleLabels } from "./shuffle-labels.ts";
export { type PolicyResult, type TrainPolicyInput, trainPolicy } from "./train-policy.ts";
export { type TrainValueInput, trainValue, type ValueResult } from "./train-value.ts";
export { isChosen, succeeded, type TrainingDataset } from "./training-data.ts";
export type { ValueCheck } from "./value-check.ts";
export { clockValues, type LabelListener, learnedValues, type ValueSource } from "./value-source.ts";
export { valuesOfEach } from "./values-of-each.ts";
