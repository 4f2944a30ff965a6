// Loads a trained value function from its checkpoint.
import { createValuePredictor, initValueFunction, tokenisePrompts, type ValuePredictor } from "../model/index.ts";
import { expectedValues } from "../recap/index.ts";
import type { Observation } from "../robot/index.ts";
import * as t from "../tensor/index.ts";
import { findCheckpoint, readValueDescription, readWeights, type ValueDescription } from "./checkpoint.ts";
import type { ComputeOptions } from "./inference.ts";
import { pictures } from "./pictures.ts";
import { joined, prompt } from "./prompt.ts";
import { stateConverter } from "./value-prefix.ts";

export interface LoadedValue {
  /** The checkpoint's folder. */
  readonly path: string;
  readonly description: ValueDescription;
  /** The expected normalised return of each observation, from −1 (failed, or about to) to 0 (done). */
  values(observations: readonly Observation[]): Promise<Float64Array>;
  close(): Promise<void>;
}

/**
 * Loads a value function.
 *
 * @param path a run (its best checkpoint), a checkpoint, or a pretrained_model folder
 */
export async function loadValueFunction(
  path: string,
  { device = "cpu", threads }: ComputeOptions = {},
): Promise<LoadedValue> {
  const folder = findCheckpoint(path, "best");
  const description = await readValueDescription(folder);
  const { config, robot, tokenizer } = description;
  const store = t.createStore();
  await readWeights(folder, description, store);
  const converter = stateConverter(description);
  const network = initValueFunction(t.scope(), config);
  const valuers = new Map<number, Promise<ValuePredictor>>();
  return {
    path: folder,
    description,
    async values(observations) {
      if (observations.length === 0) return new Float64Array(0);
      // Programs have a fixed size: a power of two, filled up with the last observation.
      const size = 2 ** Math.ceil(Math.log2(observations.length));
      if (!valuers.has(size))
        valuers.set(size, createValuePredictor(network, store, { batch: size, device, ...(threads && { threads }) }));
      const filled = Array.from({ length: size }, (_, i) => observations[i] ?? observations.at(-1)!);
      const states = filled.map(({ state }) => converter.state(Float32Array.from(state)));
      const texts = filled.map(({ task }, i) => prompt(config, task, states[i]!, {}, robot.stateNames.length));
      const valuer = await valuers.get(size)!;
      const distributions = await valuer.distributions({
        size,
        ...pictures(filled, config),
        state: joined(states),
        ...tokenisePrompts(tokenizer, texts, config.promptTokens),
      });
      return expectedValues(distributions, config.bins).slice(0, observations.length);
    },
    async close() {
      for (const valuer of valuers.values()) await (await valuer).release();
      store.release();
    },
  };
}
