// Control: advantage-weighted regression (Peng et al. 2019, arXiv 1910.00177). The same advantages weight the loss of each frame, corrections
// have the largest weight, and the prompt says nothing of them. A policy is trained for each temperature. Episodes that decide nothing else
// choose one of them.
import * as z from "zod";
import { choiceSchema, chooseStage } from "../episodes.ts";
import type { ArmInput, ArmTraining, ExtractionArm, OpenedArm } from "./arm.ts";
import { armName, fineTune, openFineTuned } from "./fine-tune.ts";

export const awrOptions = {
  temperatures: z
    .array(z.number().gt(0))
    .min(1)
    .default([0.05, 0.2, 1])
    .describe("temperatures of the control awr to choose from: frames have the weight exp(advantage / temperature)"),
};

const nameOf = (temperature: number) => `awr-${temperature}`;
const opened = (given: ArmInput, temperature: number): OpenedArm => openFineTuned(given, nameOf(temperature), "none");
const choice = ({ task, iteration }: ArmInput) => `${armName(task, iteration, "awr")}-temperature`;

export const awr: ExtractionArm<"awr"> = {
  name: "awr",
  title: "Advantage-weighted regression",
  wordless: true,
  async train(given) {
    const { temperatures } = given.run.options;
    const trainings: ArmTraining[] = [];
    for (const temperature of temperatures)
      trainings.push(
        await fineTune(given, nameOf(temperature), {
          learnFrom: "all",
          advantageIndicator: "none",
          from: given.pretrainedWordless,
          labels: given.labels,
          temperature,
        }),
      );
    const policies = temperatures.map((temperature) => opened(given, temperature));
    await chooseStage(given.run, choice(given), given.task, policies);
    return {
      curves: trainings.flatMap(({ curves }) => curves),
      warnings: trainings.flatMap(({ warnings }) => warnings),
    };
  },
  open(given) {
    const { stages, options } = given.run;
    return opened(given, options.temperatures[stages.result(choice(given), choiceSchema)]!);
  },
};
