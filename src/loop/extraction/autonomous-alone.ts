// Control: RECAP without a supervisor, on as many episodes. In place of the supervised episodes the same policy collects autonomous ones. They
// get a value function and labels of their own.
import * as z from "zod";
import { copyEpisodes, openDataset, piecesOf } from "../../data/index.ts";
import { isChosen } from "../../train/index.ts";
import { collectStage } from "../episodes.ts";
import { labelling } from "../labelling.ts";
import { pretrained } from "../pretrained.ts";
import { curveOf } from "../record.ts";
import { matchedSeed } from "../seeds.ts";
import { labelStage, trainValues, valuesBy } from "../trainings.ts";
import type { ExtractionArm } from "./arm.ts";
import { armName, fineTune, openFineTuned } from "./fine-tune.ts";
import { byLabels } from "./recap.ts";

const name = "autonomous-alone";

export const autonomousAlone: ExtractionArm<typeof name> = {
  name,
  title: "RECAP on autonomous episodes alone",
  async train(given) {
    const { run, task, iteration } = given;
    const { corrected, valueSteps, valueShift, seed } = run.options;
    const stage = armName(task, iteration, name);
    const dataset = `${given.dataset}-${name}`;
    await run.stages.run(`${stage}-copy`, z.null(), () => copyUncorrected(given.dataset, dataset));
    const episodes = corrected * iteration;
    const driving = { ...given.actor(), supervisor: "none", episodes, seed: matchedSeed(seed) } as const;
    if (episodes > 0)
      await collectStage(
        run,
        task,
        { iteration, source: "autonomous", stage: `${stage}-episodes`, out: dataset },
        driving,
      );
    const values = await trainValues(run, `${stage}-value`, {
      datasets: [{ root: dataset }],
      options: { steps: valueSteps, shift: valueShift },
      from: pretrained.value,
    });
    const labels = given.labels;
    await labelStage(run, `${stage}-labels`, dataset, valuesBy(run, `${stage}-value`), {
      ...labelling(run),
      tag: labels,
    });
    const policy = await fineTune({ ...given, dataset }, name, { learnFrom: "all", ...byLabels(given) });
    return {
      curves: [...values.map(([of, result]) => curveOf(of, result)), ...policy.curves],
      warnings: [...values.flatMap(([, { warnings }]) => warnings), ...policy.warnings],
    };
  },
  open: (given) => openFineTuned(given, name, "positive"),
};

/** Copies demonstrations and autonomous episodes. */
async function copyUncorrected(root: string, target: string): Promise<null> {
  const source = await openDataset(root);
  try {
    const kept = source.episodes.filter(isChosen.uncorrected).map(({ index }) => index);
    await copyEpisodes(piecesOf(source, kept), target);
  } finally {
    await source.close();
  }
  return null;
}
