// Policies over the network: openpi's WebSocket protocol from both sides.

export { type ErrorCode, PistarError } from "../system/index.ts";
export { type ClientOptions, connectClient, type PolicyClient } from "./client.ts";
export {
  type Key,
  layouts,
  type ObservationLayout,
  stateSize,
} from "./layout.ts";
export { parseLayout, readLayout } from "./layout-file.ts";
export { leftoverKeys, packLeftover, unpackLeftover } from "./leftover.ts";
export { logLine } from "./log-line.ts";
export { metadataOf, seedKey } from "./metadata.ts";
export { NdArray, type NumpyDType } from "./ndarray.ts";
export { NoAnswerError, type NoAnswerReason } from "./no-answer.ts";
export { type Message, pack, type Value } from "./pack.ts";
export { packObservation } from "./pack-observation.ts";
export { layoutFor, type ServablePolicy } from "./policy-layout.ts";
export { connectPolicy, type RemotePolicyOptions } from "./remote-policy.ts";
export { continuationFlags, type ServeOptions, serveOptions } from "./serve-options.ts";
export { type PolicyServer, type ServerOptions, servePolicy } from "./server.ts";
export { unpack } from "./unpack.ts";
export { unpackObservation } from "./unpack-observation.ts";
