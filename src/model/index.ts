// The networks: policy and value function, their losses, sampling, and weights under published names.
export { type ActionDecoder, type ActionDecoderOptions, createActionDecoder } from "./action-decoder.ts";
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
  imageTokens,
  type PolicyConfig,
  policyConfig,
  prefixLength,
  type Size,
  sizes,
  type ValueConfig,
  type VisionConfig,
  valueConfig,
} from "./config.ts";
export { drawNoise, drawTime } from "./flow.ts";
export { type LossTerm, lossOf, weightOf } from "./loss-term.ts";
export { initPolicy, type Policy } from "./policy.ts";
export { type PolicyLoss, type PolicyLossOptions, policyLoss } from "./policy-loss.ts";
export { prefixOrder } from "./prefix-order.ts";
export { type Continuation, softMask } from "./real-time-chunking.ts";
export {
  createSampler,
  denoised,
  type Sampler,
  type SamplerOptions,
  samplingGraph,
  type Unconditioned,
} from "./sampler.ts";
export { type FastTokenizer, fitFast, loadFast, saveFast } from "./text/fast.ts";
export {
  type Advantage,
  digitise,
  fillPrompt,
  type PromptParts,
  promptTemplate,
  promptText,
  promptTokens,
  type TokenisedPrompts,
  tokenisePrompts,
} from "./text/prompt.ts";
export { fitTokenizer, loadTokenizer, type TextTokenizer, textTokenizer } from "./text/tokenizer.ts";
export { createValuer, initValue, type ValueFunction, type Valuer, valueLogits, valueLoss } from "./value.ts";
export { loadWeights, parameterShapes, saveWeights, storedShapes } from "./weights.ts";
