// The policies that a run compares: RECAP, the cloned policy that it starts from, and its controls. All of an iteration are trained
// from the same pre-trained checkpoint, for as many steps, on the same task's data or a stated part of it.

export interface ArmPlan {
  readonly name: string;
  /** For tables and charts. */
  readonly title: string;
  /** Which episodes of the task it learns from. */
  readonly episodes: "demonstrations" | "all" | "successes" | "uncorrected";
  /** What stands in the prompt: the word by the labels, always "positive", or nothing. */
  readonly indicator: "labels" | "positive" | "none";
  /** Whether samples count by exp(advantage / temperature). */
  readonly weighted?: boolean;
  /** Whether it is not trained but is RECAP's policy asked with classifier-free guidance, β > 1. */
  readonly guided?: boolean;
}

/** Supervised fine-tuning on demonstrations: π⁰ of Algorithm 1. */
export const sft: ArmPlan = { name: "sft", title: "SFT", episodes: "demonstrations", indicator: "positive" };

export const recap: ArmPlan = { name: "recap", title: "RECAP", episodes: "all", indicator: "labels" };

export const controls = [
  { name: "all-data", title: "SFT on all data", episodes: "all", indicator: "none" },
  { name: "filtered", title: "Filtered cloning", episodes: "successes", indicator: "none" },
  { name: "awr", title: "Advantage-weighted regression", episodes: "all", indicator: "none", weighted: true },
  { name: "no-corrections", title: "RECAP without corrections", episodes: "uncorrected", indicator: "labels" },
  { name: "guided", title: "RECAP with guidance", episodes: "all", indicator: "labels", guided: true },
] as const satisfies readonly ArmPlan[];

export type ControlName = (typeof controls)[number]["name"];
