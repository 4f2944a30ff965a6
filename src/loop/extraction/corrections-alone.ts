// Control: corrections alone are positive. If RECAP does no better, its gain is imitation of corrections.

import { relabelDatasets } from "../../train/index.ts";
import { labelling } from "../labelling.ts";
import type { ExtractionArm } from "./arm.ts";
import { onLabels } from "./on-labels.ts";

export const correctionsAlone: ExtractionArm<"corrections-alone"> = onLabels(
  "corrections-alone",
  "RECAP, corrections alone positive",
  ({ run, dataset, labels: from }, tag) => {
    const options = { ...labelling(run), positiveFraction: 0, forceInterventions: true, tag };
    return relabelDatasets({ datasets: [dataset], from, options });
  },
);
