// The base of all other folders: errors, checked data, files, locks, threads, seeded randomness.
export { bytesOf, writeAtomically } from "./atomic-file.ts";
export { check, checked, type Fault, formatFault } from "./check.ts";
export { type ErrorCode, fromSystem, located, PistarError, readError } from "./error.ts";
export { moveInto, replaceFile, sync } from "./files.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16, toFloat16 } from "./float16.ts";
export { foreignFile } from "./foreign-file.ts";
export { anyNumber, readJson, readJsonAs, readJsonLines, toJson } from "./json.ts";
export { holdLock, takeLock } from "./lock.ts";
export { dash, duration, finite, type Maybe, number, seconds, space } from "./numbers.ts";
export { isRunning, type ProcessId, processId } from "./process-id.ts";
export { type Random, random } from "./random.ts";
export { type Call, serveWorker, transfer, WorkerEnded, WorkerThread } from "./worker.ts";
