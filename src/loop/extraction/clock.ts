// Control: labels from a clock. The value of a frame is the mean return at its time; thresholds and corrections are as RECAP's.

import { clockValues, labelDataset } from "../../train/index.ts";
import { labelling } from "../labelling.ts";
import type { ExtractionArm } from "./arm.ts";
import { onLabels } from "./on-labels.ts";

export const clock: ExtractionArm<"clock"> = onLabels(
  "clock",
  "RECAP with a clock's labels",
  async ({ run, dataset, values }, tag) =>
    labelDataset({ dataset, values: clockValues(await values().scales()), options: { ...labelling(run), tag } }),
);
