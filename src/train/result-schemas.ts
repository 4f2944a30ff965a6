// Schemas of what trainings and labellings find, as they are read back from JSON. Fields that are not listed are kept.
import * as z from "zod";
import { anyNumber } from "../system/index.ts";
import type { LabelReport } from "./label.ts";
import type { PolicyResult } from "./train-policy.ts";
import type { ValueResult } from "./train-value.ts";

const count = z.int().min(0);
const texts = z.array(z.string());
const numbers = z.record(z.string(), anyNumber);

export const courseSchema = z.looseObject({
  last: z.string(),
  best: z.string(),
  bestStep: count,
  curve: z.array(z.object({ step: count, train: anyNumber.exactOptional(), heldOut: anyNumber.exactOptional() })),
  validations: z.array(numbers),
});

const trained = courseSchema.extend({
  parameters: count,
  episodes: z.looseObject({ train: count, heldOut: count }),
  warnings: texts,
});

export const policyResultSchema: z.ZodType<PolicyResult> = trained.extend({ heldOut: numbers.nullable() });

export const valueResultSchema: z.ZodType<ValueResult> = trained.extend({
  check: z
    .looseObject({
      trainCrossEntropy: anyNumber,
      heldOutCrossEntropy: anyNumber,
      heldOutError: anyNumber,
      baselineError: anyNumber,
      firstFrameGap: anyNumber.nullable(),
      auc: anyNumber.nullable(),
      successes: count,
      failures: count,
      advantageSpread: anyNumber,
      trainAdvantageSpread: anyNumber,
      warnings: texts,
    })
    .nullable(),
});

export const labelReportSchema: z.ZodType<LabelReport> = z.looseObject({
  tag: z.string(),
  tasks: z.array(
    z.looseObject({
      task: z.string(),
      threshold: anyNumber,
      frames: count,
      positive: count,
      forced: count,
      spread: anyNumber,
    }),
  ),
});
