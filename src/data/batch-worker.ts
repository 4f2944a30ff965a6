// The thread side of `batch-loader.ts`: puts together the batches it is asked for.
import { serveWorker, transfer } from "../system/index.ts";
import { type Batch, BatchAssembler, type BatchOptions } from "./batch.ts";
import type { BatchSource } from "./batch-source.ts";
import type { Sample } from "./sampler.ts";

interface Input {
  readonly sources: readonly BatchSource[];
  readonly options: BatchOptions;
}

const work = ({ sources, options }: Input) => {
  const assembler = new BatchAssembler(sources, options);
  return { assemble: (samples: readonly Sample[]): Batch => transfer(assembler.assemble(samples)) };
};

export type BatchWork = typeof work;
serveWorker(work);
