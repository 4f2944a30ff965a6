// Control: random labels. The shares of positive frames are those of the real labels, by task and source, and corrections stay positive. If
// RECAP does no better, the value function's choice of frames adds nothing.

import { shuffleLabels } from "../../train/index.ts";
import type { ExtractionArm } from "./arm.ts";
import { onLabels } from "./on-labels.ts";

export const randomLabels: ExtractionArm<"random-labels"> = onLabels(
  "random-labels",
  "RECAP with random labels",
  (given, tag) =>
    shuffleLabels({ dataset: given.dataset, from: given.labels, tag, seed: given.run.options.seed, among: "frames" }),
);
