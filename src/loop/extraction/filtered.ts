// Control: filtered cloning. It learns from successful episodes alone; the prompt says nothing of the advantage.
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

export const filtered: ExtractionArm<"filtered"> = {
  name: "filtered",
  title: "Filtered cloning",
  train: (given) => fineTune(given, filtered.name, { learnFrom: "successes", advantageIndicator: "none" }),
  open: (given) => openFineTuned(given, filtered.name, "none"),
};
