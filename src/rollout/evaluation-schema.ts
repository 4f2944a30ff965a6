// The schema of an evaluation as it is read back from JSON. Fields that are not listed are kept.
import * as z from "zod";
import { anyNumber } from "../system/index.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Estimate } from "./statistics.ts";

const count = z.int().min(0);

export const estimateSchema: z.ZodType<Estimate> = z.object({ value: anyNumber, low: anyNumber, high: anyNumber });

const scoreSchema = z.looseObject({
  episodes: count,
  successes: count,
  successRate: estimateSchema,
  throughput: estimateSchema,
  timesToSuccess: z.array(z.number()),
  medianTimeToSuccess: z.number().nullable(),
});

const assignment = {
  task: z.string(),
  difficulty: z.number(),
  randomise: z.boolean(),
  seed: z.int(),
};

export const evaluationSchema: z.ZodType<Evaluation> = z.looseObject({
  policy: z.string(),
  resetSeconds: z.number(),
  total: scoreSchema,
  byTask: z.record(z.string(), scoreSchema),
  jumps: z.object({ borders: count, mean: anyNumber, max: anyNumber }).exactOptional(),
  runs: z.array(
    z.looseObject({ ...assignment, success: z.boolean(), seconds: z.number(), troubles: z.array(z.string()) }),
  ),
  lost: z.array(z.looseObject({ ...assignment, lost: z.string() })),
});
