// Control: supervised fine-tuning on every episode, good or bad. The prompt says nothing of the advantage.
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

export const allData: ExtractionArm<"all-data"> = {
  name: "all-data",
  title: "SFT on all data",
  train: (given) => fineTune(given, allData.name, { learnFrom: "all", advantageIndicator: "none" }),
  open: (given) => openFineTuned(given, allData.name, "none"),
};
