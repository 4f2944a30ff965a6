// The public interface; each part is also reachable under its own name, such as "pistar/tensor".
export * as audit from "./audit/index.ts";
export * as data from "./data/index.ts";
export * as grounding from "./grounding/index.ts";
export * as loop from "./loop/index.ts";
export * as model from "./model/index.ts";
export * as policy from "./policy/index.ts";
export * as recap from "./recap/index.ts";
export * as robot from "./robot/index.ts";
export * as rollout from "./rollout/index.ts";
export * as serve from "./serve/index.ts";
export * as sim from "./sim/index.ts";
export { type ErrorCode, PistarError } from "./system/index.ts";
export * as tensor from "./tensor/index.ts";
export * as train from "./train/index.ts";
