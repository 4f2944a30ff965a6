// The thread side of `batch-loader.ts`: puts together the batches it is asked for.
import { parentPort, workerData } from "node:worker_threads";
import { type Batch, BatchAssembler, type BatchOptions } from "./batch.ts";
import type { BatchSource } from "./batch-source.ts";
import type { Sample } from "./sampler.ts";

export interface WorkerInput {
  readonly sources: readonly BatchSource[];
  readonly options: BatchOptions;
}

export interface BatchRequest {
  readonly id: number;
  readonly samples: readonly Sample[];
}

export type BatchReply = { readonly id: number } & ({ readonly batch: Batch } | { readonly error: Error });

if (!parentPort) throw new Error("Expected to run as a worker thread of the batch loader");
const port = parentPort;
const { sources, options } = workerData as WorkerInput;
const assembler = new BatchAssembler(sources, options);

port.on("message", ({ id, samples }: BatchRequest) => {
  try {
    const batch = assembler.assemble(samples);
    port.postMessage({ id, batch } satisfies BatchReply, buffersOf(batch));
  } catch (error) {
    port.postMessage({ id, error: error as Error } satisfies BatchReply);
  }
});

function buffersOf(batch: Batch): ArrayBuffer[] {
  return [...Object.values(batch), ...Object.values(batch.images), ...Object.values(batch.imageMasks)]
    .filter((value): value is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(value))
    .map(({ buffer }) => buffer);
}
