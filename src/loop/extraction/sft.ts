// Supervised fine-tuning on demonstrations: π⁰ of Algorithm 1, from which RECAP begins. Every prompt says "positive".
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

export const sft: ExtractionArm<"sft"> = {
  name: "sft",
  title: "SFT",
  train: (given) => fineTune(given, sft.name, { learnFrom: "demonstrations", advantageIndicator: "positive" }),
  open: (given) => openFineTuned(given, sft.name, "positive"),
};
