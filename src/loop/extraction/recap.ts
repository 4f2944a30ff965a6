// RECAP learns from all episodes. In training the prompt says the advantage indicator by the labels; at run time it says "positive".
import type { PolicyOptions } from "../../train/index.ts";
import type { ArmInput, ExtractionArm } from "./arm.ts";
import { armFolder, fineTune, openFineTuned } from "./fine-tune.ts";

export const recap: ExtractionArm<"recap"> = {
  name: "recap",
  title: "RECAP",
  train(given) {
    const { run, task, iteration } = given;
    const goesOn = run.options.restart === "previous" && iteration > 1;
    const from = goesOn && { from: armFolder({ run, task, iteration: iteration - 1 }, recap.name) };
    return fineTune(given, recap.name, { learnFrom: "all", ...byLabels(given), ...from });
  },
  open: (given) => openFineTuned(given, recap.name, "positive"),
};

/** Training options of an arm whose prompts say the advantage indicator by the iteration's labels. */
export const byLabels = ({ run, labels }: ArmInput): Partial<PolicyOptions> => ({
  advantageIndicator: "labels",
  labels,
  positiveShare: run.options.positiveShare,
});
