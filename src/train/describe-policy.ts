// What a policy is before it is trained: its sizes, the robot's features, normalisation, tokenizers; new from the data, or a checkpoint's.
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

/** Chunks that FAST is fitted on, at most. */
const fittedChunks = 1000;

/**
 * @param sources drawing from the episodes to train on
 * @param base the checkpoint to fine-tune: its network, tokenizers and, if it has one, normalisation are kept; of a backbone, the tokenizer
 */
export function describePolicy(
  sources: readonly BatchSource[],
  tasks: readonly string[],
  robot: RobotFeatures,
  options: PolicyOptions,
  base?: Partial<BasePolicy>,
): PolicyDescription {
  const { size, normalization, fast: learnsFast, advantageIndicator } = options;
  const horizon = options.horizon ?? base?.config?.horizon ?? sizes[size].horizon;
  const space = base?.space ?? fitActionSpace(sources, horizon, robot.deltaActions, normalization);
  const subtasks = [...new Set(sources.flatMap((source) => source.subtasks))];
  const tokenizer = base?.tokenizer ?? textTokenizerFor(size, tasks, options.tokenizer, subtasks);
  const body = {
    cameras: Object.keys(robot.cameras),
    stateSize: robot.stateNames.length,
    actionSize: robot.actionNames.length,
  };
  // A backbone that has learned before keeps what it knows: few demonstrations would teach it to know them by heart.
  const config = base?.config ?? policyConfig(size, body, base && { knowledgeInsulation: true });
  const vocabulary = Math.min(2048, Math.floor(config.vocabulary / 2));
  const chunks = learnsFast ? sampleChunks(sources, space, horizon) : [];
  const fast = learnsFast ? (base?.fast ?? fitFast(chunks, { horizon, vocabulary })) : undefined;
  // PaliGemma's last tokens are written over by FAST's, as published.
  if (tokenizer.vocabulary + (tokenizer.reserved > 0 ? 0 : (fast?.vocabulary ?? 0)) > config.vocabulary)
    throw new PistarError(
      "wrong-layout",
      `Expected room for text and FAST tokens in a vocabulary of ${config.vocabulary}, got ${tokenizer.vocabulary} and ${fast?.vocabulary ?? 0}`,
    );
  return {
    config: {
      ...config,
      horizon,
      // No parameter depends on how much room there is.
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
  };
}

/** Half of a small vocabulary is for text, the other half for FAST tokens. */
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

/** Tokens of the longest prompt, in eights. */
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

/** The same network with room for no more than these prompts: the rest would be masked, which changes nothing but takes its time. */
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
      // Beyond the episode's end its last action is repeated, as in training.
      const whole = Float32Array.from({ length: horizon * size }, (_, i) =>
        i < chunk.length ? chunk[i]! : chunk[chunk.length - size + (i % size)]!,
      );
      return converter.toModel(whole, new Float32Array(size));
    }),
  );
}

/** Room for nearly all chunks with the tokens that begin and end them, in fours. */
function roomFor(lengths: number[]): number {
  const ascending = lengths.sort((a, b) => a - b);
  return 4 * Math.ceil((ascending[Math.floor(0.99 * (ascending.length - 1))]! + 2) / 4);
}
