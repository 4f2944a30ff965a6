// How arms and iterations are called in the report.
import { controls } from "../extraction/controls.ts";
import { recap } from "../extraction/recap.ts";
import { sft } from "../extraction/sft.ts";
import type { ArmResult } from "../summary.ts";

const arms = [sft, recap, ...controls];

/** "RECAP without corrections" for "no-corrections"; an unknown arm is called by its name. */
export const armTitle = (arm: string): string => arms.find(({ name }) => name === arm)?.title ?? arm;

/** The same within a sentence: "filtered cloning", "SFT on all data". */
export const armWords = (arm: string): string =>
  armTitle(arm).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

export const iterationTitle = (iteration: number): string =>
  iteration === 0 ? "Demonstrations alone" : `Iteration ${iteration}`;

/** Results by iteration, each with RECAP first and its controls in their usual order. */
export function byIteration(
  results: readonly ArmResult[],
): readonly { iteration: number; results: readonly ArmResult[] }[] {
  const place = ({ arm }: ArmResult) => {
    const index = arms.findIndex(({ name }) => name === arm);
    return index < 0 ? arms.length : index;
  };
  const iterations = [...new Set(results.map(({ iteration }) => iteration))].sort((a, b) => a - b);
  return iterations.map((iteration) => ({
    iteration,
    results: results.filter((result) => result.iteration === iteration).sort((a, b) => place(a) - place(b)),
  }));
}
