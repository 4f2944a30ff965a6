// Turns batches of a dataset into the inputs of the policy's programs. B samples, H steps of a chunk, A numbers of an action.
import type { Batch } from "../data/index.ts";
import {
  drawNoise,
  drawTime,
  givenSteps,
  type PolicyConfig,
  type PrefixBatch,
  prefixFeeds,
  type TextTokenizer,
  type TokenisedPrompts,
  tokenisePrompts,
} from "../model/index.ts";
import type { PolicyDescription } from "../policy/index.ts";
import { actionConverter, joined, type PromptConditions, prompt } from "../policy/index.ts";
import type { Random } from "../system/index.ts";
import type { Feed } from "../tensor/index.ts";

export interface PolicySamples {
  /** Pictures, states and prompts. @param conditions [B], what the prompts say beside instruction and state */
  prefix(batch: Batch, conditions: readonly PromptConditions[]): PrefixBatch & TokenisedPrompts;
  /** Actions [B, H, A], normalised. */
  actions(batch: Batch): Float32Array;
  /**
   * Feeds of the loss.
   * @param weights [B]
   * @param random draws noise, times and given steps
   * @param draws of noise and time for each chunk
   * @param simulatedDelay most steps of a chunk that are given; each draw has 0 to so many, all equally likely
   */
  lossFeeds(
    batch: Batch,
    conditions: readonly PromptConditions[],
    weights: ArrayLike<number>,
    random: Random,
    draws?: number,
    simulatedDelay?: number,
  ): Record<string, Feed>;
}

/** @param learnsSubtasks whether the loss takes `promptWeights` */
export function policySamples(description: PolicyDescription, learnsSubtasks = false): PolicySamples {
  const { config, space } = description;
  const { horizon, actionSize, actionTokens } = config;
  const converter = actionConverter(space, config.stateSize, actionSize);
  const robotSize = space.deltaActions.length;
  const rawState = ({ state, size }: Batch, at: number) =>
    state.subarray((at * state.length) / size, ((at + 1) * state.length) / size);

  const prefix = (batch: Batch, conditions: readonly PromptConditions[]): PrefixBatch & TokenisedPrompts => {
    const states = Array.from({ length: batch.size }, (_, at) => converter.state(rawState(batch, at)));
    const texts = batch.tasks.map((task, at) =>
      prompt(config, task, states[at]!, conditions[at]!, space.state.measures[0].length),
    );
    return {
      size: batch.size,
      pictures: batch.images,
      pictureMasks: batch.imageMasks,
      state: joined(states),
      ...tokenisePrompts(description.tokenizer, texts, config.promptTokens),
    };
  };

  const actions = (batch: Batch): Float32Array => {
    const chunk = horizon * robotSize;
    return joined(
      Array.from({ length: batch.size }, (_, at) =>
        converter.toModel(batch.actions.subarray(at * chunk, (at + 1) * chunk), rawState(batch, at)),
      ),
    );
  };

  return {
    prefix,
    actions,
    lossFeeds(batch, conditions, weights, random, draws = 1, simulatedDelay = 0) {
      const read = prefix(batch, conditions);
      const normalised = actions(batch);
      const actionWeights = Float32Array.from(normalised, (_, i) => {
        const step = Math.floor(i / actionSize);
        const padded = batch.actionIsPad[step] === 1 || i % actionSize >= robotSize;
        return padded ? 0 : weights[Math.floor(step / horizon)]!;
      });
      return {
        ...prefixFeeds(config, read),
        actions: normalised,
        actionWeights,
        noise: drawNoise(draws * normalised.length, random),
        time: Float32Array.from({ length: draws * batch.size }, () => drawTime(random)),
        ...(simulatedDelay > 0 && {
          given: joined(
            Array.from({ length: draws * batch.size }, () =>
              givenSteps(horizon, horizon, random.integer(simulatedDelay + 1)),
            ),
          ),
        }),
        ...(learnsSubtasks && {
          promptWeights: Float32Array.from(
            read.promptLearned,
            (learned, i) => learned * weights[Math.floor(i / config.promptTokens)]!,
          ),
        }),
        ...(actionTokens > 0 && fastFeeds(description, normalised, weights)),
      };
    },
  };
}

/**
 * Chunks as FAST tokens: ids, "|", end, padding. The prompt ends with "Action: " where the state is text, so the whole is what openpi's
 * π0-FAST reads. A sequence that is too long is cut off.
 */
function fastFeeds(
  { config, space, tokenizer, fast }: PolicyDescription,
  normalised: Float32Array,
  weights: ArrayLike<number>,
): Record<string, Feed> {
  const { horizon, actionSize, actionTokens: room } = config;
  const size = horizon * actionSize;
  const batch = normalised.length / size;
  const tokens = new Int32Array(batch * room).fill(tokenizer.pad);
  const tokenWeights = new Float32Array(batch * room);
  const stop = tokenizer.encode(chunkEnd);
  for (let at = 0; at < batch; at++) {
    const chunk = withoutPadding(
      normalised.subarray(at * size, (at + 1) * size),
      actionSize,
      space.deltaActions.length,
    );
    const ids = fast!.encode(chunk, horizon).map((id) => fastToken(config, tokenizer, id));
    const text = [...ids, ...stop, tokenizer.end].slice(0, room);
    tokens.set(text, at * room);
    tokenWeights.fill(weights[at]!, at * room, at * room + text.length);
  }
  return { fast: tokens, fastWeights: tokenWeights };
}

/** The text between a chunk's FAST tokens and the end token, as published (openpi's FASTTokenizer). */
const chunkEnd = "|";

/** FAST ids count downwards from the end of the vocabulary, as in PaliGemma. */
const fastToken = ({ vocabulary }: PolicyConfig, { reserved }: TextTokenizer, id: number): number =>
  vocabulary - 1 - reserved - id;

/** [H, A] → [H, robot's]. */
function withoutPadding(chunk: Float32Array, actionSize: number, robotSize: number): Float32Array {
  if (actionSize === robotSize) return chunk;
  return chunk.filter((_, i) => i % actionSize < robotSize);
}
