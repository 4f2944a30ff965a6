// Pre-training of small networks' vision and language on rendered scenes.

export { type ErrorCode, PistarError } from "../system/index.ts";
export type { GroundingErrors, Spread } from "./errors.ts";
export { type BackboneInput, type MadeBackbone, makeBackbone } from "./make-backbone.ts";
export { type GroundingOptions, type GroundingResult, groundingOptions, trainGrounding } from "./train-grounding.ts";
