// The prompt: instruction, state (if written as text), predicted subtask, and last the advantage indicator. All later
// actions are conditioned on it (arXiv 2511.14759, section IV-B).

import type { TextTokenizer } from "./tokenizer.ts";

/** The prompt's word on the coming action: better than usual for the task, or not. */
export type AdvantageIndicator = "positive" | "negative";

/** Contents of a prompt. */
export interface PromptParts {
  /** The instruction. */
  readonly task: string;
  /** The normalised state, if it is written as text. Left out if it is a token. */
  readonly state?: ArrayLike<number>;
  readonly subtask?: string;
  /** Left out: the policy acts as its data does on average. */
  readonly advantageIndicator?: AdvantageIndicator;
}

/**
 * The prompt. With a state it is π0.5's published "Task: …, State: …;\nAction: "; subtask and indicator stand before
 * "Action: ". Without a state the lines are the same, less the empty words.
 */
export function promptText({ task, state, subtask, advantageIndicator }: PromptParts): string {
  const added = subtask === undefined ? "" : `Subtask: ${subtask.trim().replaceAll("\n", " ")}\n`;
  return lines(instruction(task), state && bins(state), added, advantageIndicator);
}

/**
 * The prompt with "{task}" for the instruction and, if the state is written as text, "{state}" for the state. See
 * `fillPrompt`.
 */
export const promptTemplate = (state: "text" | "token", advantageIndicator?: AdvantageIndicator): string =>
  lines("{task}", state === "text" ? "{state}" : undefined, "", advantageIndicator);

/**
 * The prompt of `promptText` from a template.
 * @param state normalised, needed if the template has a place for it
 */
export const fillPrompt = (template: string, task: string, state: ArrayLike<number>): string =>
  template.replace(/\{(task|state)\}/g, (_, part) => (part === "task" ? instruction(task) : bins(state)));

function lines(
  task: string,
  state: string | undefined,
  added: string,
  advantageIndicator: AdvantageIndicator | undefined,
): string {
  const all = added + (advantageIndicator === undefined ? "" : `Advantage: ${advantageIndicator}\n`);
  return state === undefined ? `${task}\n${all}` : `Task: ${task}, State: ${state};\n${all}Action: `;
}

const instruction = (task: string) => task.trim().replaceAll("_", " ").replaceAll("\n", " ");
const bins = (state: ArrayLike<number>) => [...digitise(state)].join(" ");

/**
 * Bins of the state: 256 of equal width over [−1, 1), as numpy's digitize on linspace(-1, 1, 257)[:-1], minus 1.
 * Smaller numbers give −1, larger ones 255.
 * @throws RangeError for NaN
 */
export function digitise(state: ArrayLike<number>): Int32Array {
  return Int32Array.from(state, (x) => {
    if (Number.isNaN(x)) throw new RangeError("Expected a normalised state, got NaN");
    return Math.max(-1, Math.min(255, Math.floor((x + 1) * 128)));
  });
}

/**
 * A prompt up to its subtask, the subtask with its line's end, the rest. No other line begins so: instructions have one
 * line.
 */
const subtaskLine = /^(.*?\nSubtask:)( [^\n]*\n)(.*)$/s;

/** The beginning of a prompt, up to the place where a model writes the subtask. */
export const promptUntilSubtask = (parts: Pick<PromptParts, "task" | "state">): string =>
  subtaskLine.exec(promptText({ ...parts, subtask: "…" }))![1]!;

/**
 * Tokens of a prompt's parts, with the begin token. Parts are encoded apart, so a model that writes the subtask meets
 * the same tokens.
 */
function tokenParts(tokenizer: TextTokenizer, text: string): number[][] {
  const [first, ...others] = (subtaskLine.exec(text)?.slice(1) ?? [text]).map((part) => tokenizer.encode(part));
  return [[tokenizer.begin, ...first!], ...others];
}

/** Tokens of a prompt, with the begin token. */
export const promptTokens = (tokenizer: TextTokenizer, text: string): number[] => tokenParts(tokenizer, text).flat();

/** Prompts as a batch, each [B, room]. */
export interface TokenisedPrompts {
  readonly prompt: Int32Array;
  /** 1 for each token, 0 for padding. */
  readonly promptMask: Uint8Array;
  /** 1 from a subtask on: such tokens are causal. */
  readonly promptCausal: Uint8Array;
  /** 1 for the tokens of a subtask and its line's end, for a model to learn. */
  readonly promptLearned: Uint8Array;
}

/**
 * Prompts as a batch, each with room for `room` tokens.
 * @throws RangeError for a prompt longer than the room
 */
export function tokenisePrompts(tokenizer: TextTokenizer, texts: readonly string[], room: number): TokenisedPrompts {
  const prompt = new Int32Array(texts.length * room).fill(tokenizer.pad);
  const [promptMask, promptCausal, promptLearned] = [0, 1, 2].map(() => new Uint8Array(texts.length * room)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  // A batch repeats few texts.
  const known = new Map([...new Set(texts)].map((text) => [text, tokenParts(tokenizer, text)]));
  for (const [at, text] of texts.entries()) {
    const [before, subtask = [], after = []] = known.get(text) as [number[], number[]?, number[]?];
    const tokens = [...before, ...subtask, ...after];
    if (tokens.length > room)
      throw new RangeError(
        `Expected a prompt of at most ${room} tokens, got ${tokens.length} for ${JSON.stringify(text.slice(0, 200))}; ` +
          "use a shorter instruction, or more room (promptTokens): no parameter depends on it",
      );
    prompt.set(tokens, at * room);
    const [start, end] = [at * room, at * room + tokens.length];
    promptMask.fill(1, start, end);
    promptCausal.fill(1, start + before.length, end);
    promptLearned.fill(1, start + before.length, end - after.length);
  }
  return { prompt, promptMask, promptCausal, promptLearned };
}
