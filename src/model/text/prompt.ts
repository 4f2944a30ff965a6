// What the backbone reads: the instruction, the state where it is written as text, the subtask that a model predicts, and last the advantage,
// which conditions all actions that come after it (arXiv 2511.14759, section IV-B).

import type { TextTokenizer } from "./tokenizer.ts";

export type Advantage = "positive" | "negative";

export interface PromptParts {
  /** The instruction. */
  readonly task: string;
  /** Normalised, where the state is written as text; left out where it is a token of its own. */
  readonly state?: ArrayLike<number>;
  readonly subtask?: string;
  /** Left out: the policy is asked for what it does on average. */
  readonly advantage?: Advantage;
}

/**
 * The prompt. With a state it is π0.5's published "Task: …, State: …;\nAction: " with what is added standing before "Action: "; without one
 * the same lines, without words that say nothing.
 */
export function promptText({ task, state, subtask, advantage }: PromptParts): string {
  const added = subtask === undefined ? "" : `Subtask: ${subtask.trim().replaceAll("\n", " ")}\n`;
  return lines(instruction(task), state && bins(state), added, advantage);
}

/** The prompt with "{task}" in place of the instruction and, where it is written as text, "{state}" in place of the state: for `fillPrompt`. */
export const promptTemplate = (state: "text" | "token", advantage?: Advantage): string =>
  lines("{task}", state === "text" ? "{state}" : undefined, "", advantage);

/** What `promptText` gives. @param state normalised; needed where the template has a place for it */
export const fillPrompt = (template: string, task: string, state: ArrayLike<number>): string =>
  template.replace(/\{(task|state)\}/g, (_, part) => (part === "task" ? instruction(task) : bins(state)));

function lines(task: string, state: string | undefined, added: string, advantage: Advantage | undefined): string {
  const all = added + (advantage === undefined ? "" : `Advantage: ${advantage}\n`);
  return state === undefined ? `${task}\n${all}` : `Task: ${task}, State: ${state};\n${all}Action: `;
}

const instruction = (task: string) => task.trim().replaceAll("_", " ").replaceAll("\n", " ");
const bins = (state: ArrayLike<number>) => [...digitise(state)].join(" ");

/** 256 bins of equal width over [−1, 1): numpy's digitize on linspace(-1, 1, 257)[:-1], minus 1. Numbers below are −1, those above 255. */
export function digitise(state: ArrayLike<number>): Int32Array {
  return Int32Array.from(state, (x) => {
    if (Number.isNaN(x)) throw new RangeError("Expected a normalised state, got NaN");
    return Math.max(-1, Math.min(255, Math.floor((x + 1) * 128)));
  });
}

/** Tokens of a prompt, the beginning one included. */
export const promptTokens = (tokenizer: TextTokenizer, text: string): number[] => [
  tokenizer.begin,
  ...tokenizer.encode(text),
];

/**
 * Prompts as a batch [B, room] of tokens with 1 where there is one.
 * @throws RangeError where a prompt is longer than the room
 */
export function tokenisePrompts(
  tokenizer: TextTokenizer,
  texts: readonly string[],
  room: number,
): { readonly prompt: Int32Array; readonly promptMask: Uint8Array } {
  const prompt = new Int32Array(texts.length * room).fill(tokenizer.pad);
  const promptMask = new Uint8Array(texts.length * room);
  for (const [at, text] of texts.entries()) {
    const tokens = promptTokens(tokenizer, text);
    if (tokens.length > room)
      throw new RangeError(
        `Expected a prompt of at most ${room} tokens, got ${tokens.length} for ${JSON.stringify(text)}; ` +
          "use a shorter instruction, or more room (promptTokens): no parameter depends on it",
      );
    prompt.set(tokens, at * room);
    promptMask.fill(1, at * room, at * room + tokens.length);
  }
  return { prompt, promptMask };
}
