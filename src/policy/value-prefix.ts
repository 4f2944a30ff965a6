// A value function's input from a batch of frames.
import type { Batch } from "../data/index.ts";
import { type PrefixBatch, tokenisePrompts } from "../model/index.ts";
import { type ActionConverter, actionConverter } from "./action-space.ts";
import type { ValueDescription } from "./checkpoint.ts";
import { joined, prompt } from "./prompt.ts";

/** The prefix of the value function, without the advantage. */
export function valuePrefix(description: ValueDescription, converter: ActionConverter, batch: Batch): PrefixBatch {
  const { config, tokenizer, robot } = description;
  const size = batch.state.length / batch.size;
  const states = Array.from({ length: batch.size }, (_, at) =>
    converter.state(batch.state.subarray(at * size, (at + 1) * size)),
  );
  const texts = batch.tasks.map((task, at) => prompt(config, task, states[at]!, {}, robot.stateNames.length));
  return {
    size: batch.size,
    pictures: batch.images,
    pictureMasks: batch.imageMasks,
    state: joined(states),
    ...tokenisePrompts(tokenizer, texts, config.promptTokens),
  };
}

export const stateConverter = ({ space, config }: ValueDescription): ActionConverter =>
  actionConverter(space, config.stateSize, space.deltaActions.length);
