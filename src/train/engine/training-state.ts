// The state that a training resumes from, in a checkpoint's folder `training_state`: the step, the position in the data, the best checkpoint so
// far, and all parameters, moments and averages.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { anyNumber, readJsonAs, replaceFile, toJson } from "../../system/index.ts";
import type { Store, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { RunningSums } from "./metrics.ts";

/** Step and score of the best checkpoint. */
export interface Best {
  readonly step: number;
  readonly score: number;
}

export interface TrainingState<Position> {
  /** Number of finished steps. */
  readonly step: number;
  /** Position of the next batch in the data. */
  readonly position: Position | null;
  readonly best: Best | null;
  /** Steps since the averages last followed. Not 0 only where a training was stopped between validations. */
  readonly unaveraged: number;
  /** Numbers since the last line of the log, likewise. */
  readonly means: RunningSums;
}

const folderOf = (checkpoint: string) => join(checkpoint, "training_state");
const tensorsOf = (checkpoint: string) => join(folderOf(checkpoint), "state.safetensors");
const stateOf = (checkpoint: string) => join(folderOf(checkpoint), "training_state.json");

const count = z.int().min(0);
/** The loader checks the position. */
const stateSchema = z.object({
  step: count,
  position: z.unknown(),
  best: z.object({ step: count, score: anyNumber }).nullable(),
  unaveraged: count,
  means: z.object({ sums: z.record(z.string(), anyNumber), steps: count }),
});

/** @throws PistarError naming file and field */
export const readState = <Position>(checkpoint: string): TrainingState<Position> =>
  readJsonAs(stateSchema, stateOf(checkpoint)) as TrainingState<Position>;

export const readTensors = (checkpoint: string): Promise<Map<string, TensorValue>> =>
  t.readSafetensors(tensorsOf(checkpoint));

/** @param names entries of the store to resume from */
export async function writeState(
  checkpoint: string,
  state: TrainingState<unknown>,
  store: Store,
  names: readonly string[],
): Promise<void> {
  const tensors = new Map<string, TensorValue>();
  for (const name of names) tensors.set(name, await store.read(name));
  mkdirSync(folderOf(checkpoint));
  await t.writeSafetensors(tensorsOf(checkpoint), tensors);
  replaceFile(stateOf(checkpoint), toJson(state));
}
