// Control: advantage-weighted regression (Peng et al. 2019, arXiv 1910.00177). The same advantages weight the loss of each frame, and the
// prompt says nothing of them.
import * as z from "zod";
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

export const awrOptions = {
  temperature: z
    .number()
    .gt(0)
    .default(0.05)
    .describe("temperature of the control awr: frames have the weight exp(advantage / temperature)"),
};

export const awr: ExtractionArm<"awr"> = {
  name: "awr",
  title: "Advantage-weighted regression",
  train(given) {
    const { labels, run } = given;
    const { temperature } = run.options;
    return fineTune(given, awr.name, { learnFrom: "all", advantageIndicator: "none", labels, temperature });
  },
  open: (given) => openFineTuned(given, awr.name, "none"),
};
