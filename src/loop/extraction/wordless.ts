// Controls without the advantage in the prompt. They begin from a pre-training that never saw it.
import type { PolicyOptions } from "../../train/index.ts";
import type { ExtractionArm } from "./arm.ts";
import { fineTune, openFineTuned } from "./fine-tune.ts";

/** An arm whose prompts say nothing of the advantage. @param own options in which it differs from the others */
export const wordless = <Name extends string>(
  name: Name,
  title: string,
  own: Partial<PolicyOptions>,
): ExtractionArm<Name> => ({
  name,
  title,
  wordless: true,
  train: (given) => fineTune(given, name, { advantageIndicator: "none", from: given.pretrainedWordless, ...own }),
  open: (given) => openFineTuned(given, name, "none"),
});
