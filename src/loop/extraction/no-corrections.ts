// Control: RECAP on demonstrations and autonomous episodes, without the episodes that a supervisor watched. It has
// fewer episodes than RECAP; `autonomous-alone` has as many.
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";
import { byLabels } from "./recap.ts";

export const noCorrections: ExtractionArm<"no-corrections"> = {
  name: "no-corrections",
  title: "RECAP without corrections",
  train: (given) => fineTune(given, noCorrections.name, { learnFrom: "uncorrected", ...byLabels(given) }),
  open: (given) => openFineTuned(given, noCorrections.name, "positive"),
};
