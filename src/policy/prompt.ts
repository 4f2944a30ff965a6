// The prompt of one sample, for a policy or a value function.
import {
  type AdvantageIndicator,
  type PolicyConfig,
  promptText,
  promptTokens,
  type TextTokenizer,
} from "../model/index.ts";

/** The parts of a prompt beside instruction and state. */
export interface PromptConditions {
  readonly advantageIndicator?: AdvantageIndicator | undefined;
  readonly subtask?: string | undefined;
}

/** The prompt of one sample. It holds no state if the network reads the state as a token. */
export function prompt(
  { state: kind }: Pick<PolicyConfig, "state">,
  task: string,
  state: Float32Array,
  { advantageIndicator, subtask }: PromptConditions,
  robotStateSize: number,
): string {
  return promptText({
    task,
    ...(kind === "text" && { state: state.subarray(0, robotStateSize) }),
    ...(subtask && { subtask }),
    ...(advantageIndicator && { advantageIndicator }),
  });
}

/**
 * The longest beginning of an instruction with which the prompt has room: what the prompt says after it (state, advantage) stays whole.
 * @param render the prompt for an instruction
 * @param room tokens of a prompt
 */
export function fittingTask(
  task: string,
  render: (task: string) => string,
  tokenizer: TextTokenizer,
  room: number,
): string {
  const fits = (characters: number) =>
    promptTokens(tokenizer, render(task.slice(0, characters))).length <= room || characters === 0;
  if (fits(task.length)) return task;
  let [most, tooMany] = [0, task.length];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    if (fits(middle)) most = middle;
    else tooMany = middle;
  }
  return task.slice(0, most).replace(/[\ud800-\udbff]$/, ""); // no half of a character
}

/** Arrays one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
