// What the backbone reads: the instruction, the state where it is written as text, the subtask that a model predicts, and last the advantage,
// which conditions all actions that come after it (arXiv 2511.14759, section IV-B).

import type { TextTokenizer } from "./tokenizer.ts";

/** What the prompt says of the action to come: better than usual for the task, or not. */
export type AdvantageIndicator = "positive" | "negative";

export interface PromptParts {
  /** The instruction. */
  readonly task: string;
  /** Normalised, where the state is written as text; left out where it is a token of its own. */
  readonly state?: ArrayLike<number>;
  readonly subtask?: string;
  /** Left out: the policy is asked for what it does on average. */
  readonly advantageIndicator?: AdvantageIndicator;
}

/**
 * The prompt. With a state it is π0.5's published "Task: …, State: …;\nAction: " with what is added standing before "Action: "; without one
 * the same lines, without words that say nothing.
 */
export function promptText({ task, state, subtask, advantageIndicator }: PromptParts): string {
  const added = subtask === undefined ? "" : `Subtask: ${subtask.trim().replaceAll("\n", " ")}\n`;
  return lines(instruction(task), state && bins(state), added, advantageIndicator);
}

/** The prompt with "{task}" in place of the instruction and, where it is written as text, "{state}" in place of the state: for `fillPrompt`. */
export const promptTemplate = (state: "text" | "token", advantageIndicator?: AdvantageIndicator): string =>
  lines("{task}", state === "text" ? "{state}" : undefined, "", advantageIndicator);

/** What `promptText` gives. @param state normalised; needed where the template has a place for it */
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

/** 256 bins of equal width over [−1, 1): numpy's digitize on linspace(-1, 1, 257)[:-1], minus 1. Numbers below are −1, those above 255. */
export function digitise(state: ArrayLike<number>): Int32Array {
  return Int32Array.from(state, (x) => {
    if (Number.isNaN(x)) throw new RangeError("Expected a normalised state, got NaN");
    return Math.max(-1, Math.min(255, Math.floor((x + 1) * 128)));
  });
}

/** A prompt up to its subtask, the subtask with the line's end, what follows. No other line begins so: instructions have one line. */
const subtaskLine = /^(.*?\nSubtask:)( [^\n]*\n)(.*)$/s;

/** The tokens of a prompt's parts, the beginning one included: apart, so that a model that writes the subtask meets the same ones. */
function tokenParts(tokenizer: TextTokenizer, text: string): number[][] {
  const [first, ...others] = (subtaskLine.exec(text)?.slice(1) ?? [text]).map((part) => tokenizer.encode(part));
  return [[tokenizer.begin, ...first!], ...others];
}

/** Tokens of a prompt, the beginning one included. */
export const promptTokens = (tokenizer: TextTokenizer, text: string): number[] => tokenParts(tokenizer, text).flat();

/** Prompts as a batch, each [B, room]. */
export interface TokenisedPrompts {
  readonly prompt: Int32Array;
  /** 1 where there is a token. */
  readonly promptMask: Uint8Array;
  /** 1 from a subtask on: such tokens look only backwards. */
  readonly promptCausal: Uint8Array;
  /** 1 for the tokens of a subtask, the end of its line included: what a model can learn to write. */
  readonly promptLearned: Uint8Array;
}

/**
 * Prompts as a batch with room for so many tokens each.
 * @throws RangeError where a prompt is longer than the room
 */
export function tokenisePrompts(tokenizer: TextTokenizer, texts: readonly string[], room: number): TokenisedPrompts {
  const prompt = new Int32Array(texts.length * room).fill(tokenizer.pad);
  const [promptMask, promptCausal, promptLearned] = [0, 1, 2].map(() => new Uint8Array(texts.length * room)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  // A batch says few things many times.
  const known = new Map([...new Set(texts)].map((text) => [text, tokenParts(tokenizer, text)]));
  for (const [at, text] of texts.entries()) {
    const [before, subtask = [], after = []] = known.get(text) as [number[], number[]?, number[]?];
    const tokens = [...before, ...subtask, ...after];
    if (tokens.length > room)
      throw new RangeError(
        `Expected a prompt of at most ${room} tokens, got ${tokens.length} for ${JSON.stringify(text)}; ` +
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
