// Variant: a tenth of the frames positive, which the paper takes to make a reliable policy fast. The advantages are RECAP's.

import { relabelDatasets } from "../../train/index.ts";
import { labelling } from "../labelling.ts";
import type { ExtractionArm } from "./arm.ts";
import { onLabels } from "./on-labels.ts";

export const strict: ExtractionArm<"strict"> = onLabels(
  "strict",
  "RECAP, a tenth positive",
  ({ run, dataset, labels: from }, tag) =>
    relabelDatasets({ datasets: [dataset], from, options: { ...labelling(run), positiveFraction: 0.1, tag } }),
);
