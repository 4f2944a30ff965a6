// The prompt of one sample, as a policy or a value function reads it.
import { type AdvantageIndicator, type PolicyConfig, promptText } from "../model/index.ts";

/** What a prompt may say beside instruction and state. */
export interface PromptConditions {
  readonly advantageIndicator?: AdvantageIndicator | undefined;
  readonly subtask?: string | undefined;
}

/** The prompt of one sample; a network that takes the state as a token does not read it too. */
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
