// Control: labels of other episodes. They keep when in an episode frames are positive, and lose in which episode. If RECAP does no better, its
// labels know the time and no more.

import { shuffleLabels } from "../../train/index.ts";
import type { ExtractionArm } from "./arm.ts";
import { onLabels } from "./on-labels.ts";

export const otherEpisodes: ExtractionArm<"other-episodes"> = onLabels(
  "other-episodes",
  "RECAP with labels of other episodes",
  (given, tag) =>
    shuffleLabels({ dataset: given.dataset, from: given.labels, tag, seed: given.run.options.seed, among: "episodes" }),
);
