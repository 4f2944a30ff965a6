// Describes a policy before its training: sizes, the robot's features, normalisation, tokenizers. They come from the data or a checkpoint.
import type { BatchSource } from "../data/index.ts";
import {
  type BackboneConfig,
  fitFast,
  fitTokenizer,
  loadTokenizer,
  policyConfig,
  promptText,
  promptTokens,
  type Size,
  sizes,
  type TextTokenizer,
} from "../model/index.ts";
import type { BasePolicy, PolicyDescription, RobotFeatures } from "../policy/index.ts";
import { type ActionSpace, actionConverter, everyNth, fitActionSpace, relativeChunk } from "../policy/index.ts";
import { PistarError } from "../system/index.ts";
import type { PolicyOptions } from "./options.ts";

/** FAST is fitted on at most so many chunks, spread evenly over the frames. */
const fittedChunks = 1000;

/**
 * @param sources of the episodes to train on
 * @param base the checkpoint to fine-tune, which gives its network, its tokenizers and, if it has one, its normalisation; or a backbone,
 *   which gives its tokenizer
 */
export function describePolicy(
  sources: readonly BatchSource[],
  tasks: readonly string[],
  robot: RobotFeatures,
  options: PolicyOptions,
  base?: Partial<BasePolicy>,
): PolicyDescription {
  const { size, normalization, fast: learnsFast, advantageIndicator, simulatedDelay } = options;
  const horizon = options.horizon ?? base?.config?.horizon ?? sizes[size].horizon;
  const space = base?.space ?? fitActionSpace(sources, horizon, robot.deltaActions, normalization);
  const subtasks = [...new Set(sources.flatMap((source) => source.subtasks))];
  const tokenizer = base?.tokenizer ?? textTokenizerFor(size, tasks, options.tokenizer, subtasks);
  const body = {
    cameras: Object.keys(robot.cameras),
    stateSize: robot.stateNames.length,
    actionSize: robot.actionNames.length,
  };
  // A pre-trained backbone is insulated: on few demonstrations it would overfit.
  const config = base?.config ?? policyConfig(size, body, base && { knowledgeInsulation: true });
  const vocabulary = Math.min(2048, Math.floor(config.vocabulary / 2));
  const chunks = learnsFast ? sampleChunks(sources, space, horizon) : [];
  const fast = learnsFast ? (base?.fast ?? fitFast(chunks, { horizon, vocabulary })) : undefined;
  // FAST tokens overwrite PaliGemma's last tokens, as published.
  if (tokenizer.vocabulary + (tokenizer.reserved > 0 ? 0 : (fast?.vocabulary ?? 0)) > config.vocabulary)
    throw new PistarError(
      "wrong-layout",
      `Expected room for text and FAST tokens in a vocabulary of ${config.vocabulary}, got ${tokenizer.vocabulary} and ${fast?.vocabulary ?? 0}`,
    );
  return {
    config: {
      ...config,
      horizon,
      // No parameter depends on the room for prompts.
      promptTokens: Math.max(
        config.promptTokens,
        promptRoom(tokenizer, tasks, config.state, robot.stateNames.length, subtasks),
      ),
      actionTokens: fast ? roomFor(chunks.map((chunk) => fast.encode(chunk, horizon).length)) : 0,
    },
    robot: base?.robot ?? robot,
    space,
    tokenizer,
    fast,
    conditioned: advantageIndicator !== "none",
    ...(options.subtasks && { subtasks: true }),
    trainedDelay: simulatedDelay,
  };
}

/** The tokenizer of a new network. In small vocabularies half of the tokens are for text and half for FAST. */
export function textTokenizerFor(
  size: Size,
  tasks: readonly string[],
  path: string | undefined,
  subtasks: readonly string[] = [],
): TextTokenizer {
  if (path !== undefined) return loadTokenizer(path);
  if (size === "pi05" || size === "pi06")
    throw new PistarError(
      "bad-option",
      `Expected a tokenizer for ${size}: give the tokenizer.json of ${size === "pi05" ? "PaliGemma" : "Gemma 3"} (--tokenizer)`,
    );
  const texts = tasks.flatMap((task) =>
    ([undefined, "positive", "negative"] as const).map((advantageIndicator) =>
      promptText({ task, ...(advantageIndicator && { advantageIndicator }) }),
    ),
  );
  for (const subtask of subtasks) texts.push(promptText({ task: "", subtask }));
  return fitTokenizer(texts, sizes[size].vocabulary / 2);
}

/** Tokens of the longest prompt, rounded up to a multiple of 8. */
export function promptRoom(
  tokenizer: TextTokenizer,
  tasks: readonly string[],
  state: "text" | "token",
  stateSize: number,
  subtasks: readonly string[] = [],
): number {
  const widest = { state: new Float32Array(stateSize).fill(0.9) };
  const lengths = tasks.map(
    (task) =>
      promptTokens(tokenizer, promptText({ task, ...(state === "text" && widest), advantageIndicator: "negative" }))
        .length,
  );
  const added = subtasks.map((subtask) => promptTokens(tokenizer, promptText({ task: "", subtask })).length);
  return 8 * Math.ceil((Math.max(...lengths) + Math.max(0, ...added)) / 8);
}

/** The same network with room for these prompts alone. More room would be masked: it changes no result and costs time. */
export function withSnugPrompts<
  Description extends Pick<PolicyDescription, "robot" | "tokenizer"> & { readonly config: BackboneConfig },
>(description: Description, tasks: readonly string[], subtasks: readonly string[] = []): Description {
  const { config, robot, tokenizer } = description;
  const room = promptRoom(tokenizer, tasks, config.state, robot.stateNames.length, subtasks);
  return { ...description, config: { ...config, promptTokens: Math.min(config.promptTokens, room) } };
}

function sampleChunks(sources: readonly BatchSource[], space: ActionSpace, horizon: number): Float32Array[] {
  const size = space.deltaActions.length;
  const converter = actionConverter({ ...space, deltaActions: space.deltaActions.map(() => false) }, size, size);
  const total = sources.reduce((sum, { frames }) => sum + frames.length, 0);
  return sources.flatMap((source) =>
    [...everyNth(source.frames, Math.ceil(total / fittedChunks))].map((frame) => {
      const chunk = relativeChunk(source, frame, horizon, space.deltaActions);
      // The last action is repeated beyond the episode's end, as in training.
      const whole = Float32Array.from({ length: horizon * size }, (_, i) =>
        i < chunk.length ? chunk[i]! : chunk[chunk.length - size + (i % size)]!,
      );
      return converter.toModel(whole, new Float32Array(size));
    }),
  );
}

/** Room for 99 % of the chunks with "|" and their end token, rounded up to a multiple of 4. */
function roomFor(lengths: number[]): number {
  const ascending = lengths.sort((a, b) => a - b);
  return 4 * Math.ceil((ascending[Math.floor(0.99 * (ascending.length - 1))]! + 2) / 4);
}
