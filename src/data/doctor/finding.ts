// Findings of the doctor, a sentence each, and the verdict over all of them.

/**
 * - bad: the data must be mended first.
 * - care: RECAP will work, but worse, or a person should look first.
 * - good: a fact in favour of the data.
 */
type Weight = "bad" | "care" | "good";

export interface Finding {
  readonly weight: Weight;
  /** One sentence. */
  readonly text: string;
  /** The command to mend it, for doubts. */
  readonly mend?: string;
}

/** Whether the data is fit: "no" with a bad finding, "with care" with a doubt, else "yes". */
export function verdict(findings: readonly Finding[]): "yes" | "with care" | "no" {
  if (findings.some(({ weight }) => weight === "bad")) return "no";
  return findings.some(({ weight }) => weight === "care") ? "with care" : "yes";
}

/** "3, 7 and 12", at most ten numbers. */
export function listed(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 10).join(", ");
  return numbers.length > 10 ? `${shown}, … (${numbers.length} in all)` : shown;
}

/** Numbers as `--episodes` takes them. */
export const asOption = (numbers: readonly number[]): string => numbers.join(",");

export const percent = (share: number): string => `${Math.round(100 * share)} %`;
