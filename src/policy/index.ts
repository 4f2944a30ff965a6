// A policy as an artefact: checkpoints, exported policies, and opening either to act.

export { type ErrorCode, PistarError } from "../system/index.ts";
export {
  type ActionConverter,
  type ActionSpace,
  actionConverter,
  everyNth,
  fitActionSpace,
  relativeChunk,
} from "./action-space.ts";
export {
  findCheckpoint,
  isForeign,
  type PolicyDescription,
  readPolicyDescription,
  readValueDescription,
  readWeights,
  saveCheckpoint,
  type ValueDescription,
} from "./checkpoint.ts";
export { opensInLeRobot, type TaskScales } from "./checkpoint-config.ts";
export { type ExportOptions, exportOptions } from "./export-options.ts";
export { type ExportedPolicy, exportPolicy } from "./export-policy.ts";
export { foldSchema, isInFold } from "./fold.ts";
export type { ComputeOptions, InferenceOptions } from "./inference.ts";
export { type LoadedPolicy, type LoadPolicyOptions, loadPolicy } from "./load-policy.ts";
export { type LoadedValue, loadValueFunction } from "./load-value.ts";
export { type InferenceNetwork, networkPolicy, type TrainedPolicy, type TrainedRequest } from "./network-policy.ts";
export { openExported } from "./open-exported.ts";
export { type OpenPolicyOptions, openPolicy, policyHelp } from "./open-policy.ts";
export { openTrained } from "./open-trained.ts";
export { openPolicyInThread } from "./policy-thread.ts";
export {
  backboneNames,
  type Network,
  openBackbone,
  type PretrainedBackbone,
  saveBackbone,
  stateUnit,
} from "./pretrained-backbone.ts";
export { joined, type PromptConditions, prompt } from "./prompt.ts";
export { type BasePolicy, readPublished } from "./published-policy.ts";
export { checkFeatures, type RobotFeatures, robotFeatures } from "./robot-features.ts";
export { addRunPolicy, findRunPolicy, type RunPolicy, runTasks } from "./run-policies.ts";
export { randomPolicy, stillPolicy } from "./simple-policies.ts";
export { unitsOfDataset } from "./units.ts";
export { stateConverter, valuePrefix } from "./value-prefix.ts";
