// The options of an audit, as one flat schema. The command's flags follow it.
import * as z from "zod";
import { collectOptions, drivingOptions } from "../rollout/index.ts";

const { supervisor: _, ...driving } = drivingOptions.shape;

/** Runs from a moment come in pairs: half of them give one estimate of its value, half a second one. */
const pair = 2;

export const auditOptions = z.strictObject({
  ...driving,
  of: z
    .enum(["policy", "supervised"])
    .default("policy")
    .describe(
      "the value that is asked for: of the policy alone, or of policy and scripted supervisor together, as the returns of supervised episodes give it",
    ),
  budget: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "minutes to spend now. Two runs of every moment come first, then two more, and so on (default: 10, or no limit if --runs is given)",
    ),
  runs: z
    .int()
    .min(pair)
    .multipleOf(pair, { error: "an even number" })
    .optional()
    .describe(
      "runs of the policy from each moment, an even number; fewer where all have failed (default: as many as the budget allows, at most 16)",
    ),
  every: z.number().gt(0).default(1).describe("seconds of an episode from one moment to the next"),
  episodes: z
    .int()
    .min(1)
    .optional()
    .describe("episodes to audit, drawn at random (default: all of the labels, or of the dataset)"),
  workers: collectOptions.shape.workers,
  seed: z.int().min(0).default(0).describe("seed of everything that is random in the runs"),
});
export type AuditOptions = z.infer<typeof auditOptions>;

/** Rounds of two runs a moment, if only the budget limits them. */
export const mostRounds = 8;
/** Minutes, if nothing limits the audit. */
export const defaultBudget = 10;
/** Runs of a moment in a round. */
export const runsInRound = pair;
