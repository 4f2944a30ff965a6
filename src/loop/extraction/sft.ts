// Supervised fine-tuning on demonstrations: π⁰ of Algorithm 1, from which RECAP begins. Every prompt says "positive". A policy that is served
// already may stand in its place (--policy); it knows nothing of the word.
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

export const sft: ExtractionArm<"sft"> = {
  name: "sft",
  title: "SFT",
  train: (given) =>
    given.run.options.policy === undefined
      ? fineTune(given, sft.name, { learnFrom: "demonstrations", advantageIndicator: "positive" })
      : Promise.resolve({ curves: [], warnings: [] }),
  open(given) {
    const { policy } = given.run.options;
    if (policy !== undefined) return { policy, advantageIndicator: "none", guidance: 1 };
    return openFineTuned(given, sft.name, "positive");
  },
};
