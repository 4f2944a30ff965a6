// The networks: policy and value function, their losses, sampling, and weights under published names.

export {
  type ActionSampler,
  type ActionSamplerOptions,
  createActionSampler,
  denoised,
  type Unconditioned,
} from "./action-sampler.ts";
export {
  absent,
  type Backbone,
  initBackbone,
  type PrefixBatch,
  type PrefixInputs,
  prefixFeeds,
  prefixInputs,
  present,
  readPrefix,
} from "./backbone.ts";
export {
  type BackboneConfig,
  type Body,
  type DecoderConfig,
  defaultDenoisingSteps,
  imageTokens,
  type PolicyConfig,
  policyConfig,
  policyConfigSchema,
  prefixLength,
  type Size,
  sizes,
  type ValueConfig,
  type VisionConfig,
  valueConfig,
  valueConfigSchema,
} from "./config.ts";
export { drawNoise, drawTime } from "./flow.ts";
export { type LossTerm, lossOf, weightOf } from "./loss-term.ts";
export { type PolicyLoss, type PolicyLossOptions, policyLoss } from "./policy-loss.ts";
export { initPolicyNetwork, type PolicyNetwork } from "./policy-network.ts";
export { resizePositions } from "./positions.ts";
export { prefixOrder } from "./prefix-order.ts";
export { type Continuation, givenSteps, type Schedule, softMask } from "./real-time-chunking.ts";
export { type FastTokenizer, fitFast, loadFast, saveFast } from "./text/fast.ts";
export {
  type AdvantageIndicator,
  fillPrompt,
  type PromptParts,
  promptTemplate,
  promptText,
  promptTokens,
  promptUntilSubtask,
  type TokenisedPrompts,
  tokenisePrompts,
} from "./text/prompt.ts";
export { fitTokenizer, loadTokenizer, type TextTokenizer } from "./text/tokenizer.ts";
export { createTextWriter, type TextWriter } from "./text-writer.ts";
export {
  createValuePredictor,
  initValueFunction,
  type ValueFunction,
  type ValuePredictor,
  valueLoss,
} from "./value-function.ts";
export { type Adapt, loadWeights, parameterShapes, saveLeRobotWeights, saveWeights, storedShapes } from "./weights.ts";
