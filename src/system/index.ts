// What every other folder stands on: files, locks, threads, seeded randomness.
export { bytesOf, writeAtomically } from "./atomic-file.ts";
export { moveInto, parseJson, readJson, readJsonLines, replaceFile, sync } from "./files.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16, toFloat16 } from "./float16.ts";
export { foreignFile } from "./foreign-file.ts";
export { takeLock } from "./lock.ts";
export { type Random, random, restore } from "./random.ts";
export { startThread } from "./thread.ts";
