// Training policies and value functions, labelling, and loading what was trained.
export { findCheckpoint, type PolicyDescription, type ValueDescription } from "./checkpoint.ts";
export {
  type LoadedPolicy,
  type LoadPolicyOptions,
  loadPolicy,
  type PolicyObservation,
} from "./load-policy.ts";
export type { Course, CurvePoint, Progress } from "./optimise.ts";
export { type PolicyOptions, policyOptions } from "./options.ts";
export type { SampleWeight } from "./policy-samples.ts";
export { type PolicyResult, type TrainPolicyInput, trainPolicy } from "./train-policy.ts";
export type { TrainingDataset } from "./training-data.ts";
