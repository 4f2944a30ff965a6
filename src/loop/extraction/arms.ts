// The policies that a run compares: RECAP, the cloned policy that it starts from, and its controls. All of an iteration are trained
// from the same pre-trained checkpoint, for as many steps, on the same task's data or a stated part of it.
import type { PolicyOptions } from "../../train/index.ts";

export interface ArmPlan {
  readonly name: string;
  /** For tables and charts. */
  readonly title: string;
  /** Which episodes of the task it learns from. */
  readonly learnFrom: PolicyOptions["learnFrom"];
  /** What stands in the prompt: the word by the labels, always "positive", or nothing. */
  readonly indicator: "labels" | "positive" | "none";
  /** Whether samples count by exp(advantage / temperature). */
  readonly weighted?: boolean;
  /** Whether it is not trained but is RECAP's policy asked with classifier-free guidance, β > 1. */
  readonly guided?: boolean;
}

/** Supervised fine-tuning on demonstrations: π⁰ of Algorithm 1. */
export const sft: ArmPlan = { name: "sft", title: "SFT", learnFrom: "demonstrations", indicator: "positive" };

export const recap: ArmPlan = { name: "recap", title: "RECAP", learnFrom: "all", indicator: "labels" };

export const controls = [
  { name: "all-data", title: "SFT on all data", learnFrom: "all", indicator: "none" },
  { name: "filtered", title: "Filtered cloning", learnFrom: "successes", indicator: "none" },
  { name: "awr", title: "Advantage-weighted regression", learnFrom: "all", indicator: "none", weighted: true },
  { name: "no-corrections", title: "RECAP without corrections", learnFrom: "uncorrected", indicator: "labels" },
  { name: "guided", title: "RECAP with guidance", learnFrom: "all", indicator: "labels", guided: true },
] as const satisfies readonly ArmPlan[];

export type ControlName = (typeof controls)[number]["name"];
