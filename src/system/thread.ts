// Starting worker threads, built or from source.
import { Worker } from "node:worker_threads";

/**
 * Starts `module` (without extension, such as "./batch-worker", beside the file at `importer`) in a thread. Where that file is TypeScript the
 * thread needs tsx to read it.
 */
export function startThread(importer: string, module: string, workerData: unknown): Worker {
  if (!importer.endsWith(".ts")) return new Worker(new URL(`${module}.js`, importer), { workerData });
  const tsx = import.meta.resolve("tsx/esm/api");
  const file = new URL(`${module}.ts`, importer);
  const script = `import("${tsx}").then(({ register }) => { register(); return import("${file}"); })`;
  return new Worker(script, { workerData, eval: true });
}
