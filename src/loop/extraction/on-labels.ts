// Controls that learn as RECAP does, from the same data, by other labels. They ask what the value function's labels are worth.
import * as z from "zod";
import type { ArmInput, ExtractionArm } from "./arm.ts";
import { armName, fineTune, openFineTuned } from "./fine-tune.ts";
import { byLabels } from "./recap.ts";

/**
 * An arm that trains as RECAP does on labels of its own.
 *
 * @param write writes the labels with the tag `tag` beside the task's dataset, as a stage of the run
 */
export const onLabels = <Name extends string>(
  name: Name,
  title: string,
  write: (given: ArmInput, tag: string) => Promise<unknown>,
): ExtractionArm<Name> => ({
  name,
  title,
  async train(given) {
    const { run, task, iteration } = given;
    const labels = `${given.labels}-${name}`;
    await run.stages.run(`${armName(task, iteration, name)}-labels`, z.null(), async () => {
      await write(given, labels);
      return null;
    });
    return fineTune(given, name, { learnFrom: "all", ...byLabels({ ...given, labels }) });
  },
  open: (given) => openFineTuned(given, name, "positive"),
});
