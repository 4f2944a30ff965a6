// Control: RECAP with random labels. The shares of positive frames are those of the real labels, by task and actor, and corrections stay
// positive. If RECAP does no better, the value function's choice of frames adds nothing.
import * as z from "zod";
import { shuffleLabels } from "../../train/index.ts";
import type { ArmInput, ExtractionArm } from "./arm.ts";
import { armName, fineTune, openFineTuned } from "./fine-tune.ts";
import { byLabels } from "./recap.ts";

const tagOf = ({ labels }: ArmInput) => `${labels}-random`;

export const randomLabels: ExtractionArm<"random-labels"> = {
  name: "random-labels",
  title: "RECAP with random labels",
  async train(given) {
    const { run, task, iteration, dataset, labels: from } = given;
    const tag = tagOf(given);
    await run.stages.run(`${armName(task, iteration, randomLabels.name)}-shuffle`, z.number(), () =>
      shuffleLabels({ dataset, from, tag, seed: run.options.seed, among: "frames" }),
    );
    return fineTune(given, randomLabels.name, { learnFrom: "all", ...byLabels({ ...given, labels: tag }) });
  },
  open: (given) => openFineTuned(given, randomLabels.name, "positive"),
};
