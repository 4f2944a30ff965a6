// RECAP: every episode, and the prompt says by the labels whether the action was better than usual. At run time the prompt says "positive".
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

/** Training options of an arm whose prompts say the advantage by the iteration's labels. */
export const byLabels = ({ run, labels }: ArmInput): Partial<PolicyOptions> => ({
  advantageIndicator: "labels",
  labels,
  positiveShare: run.options.positiveShare,
});
