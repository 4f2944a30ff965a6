// pistar label: labels for the frames with better actions than expected.
import type { Command } from "commander";
import { percent } from "../loop/index.ts";
import { PistarError, toJson } from "../system/index.ts";
import {
  type LabelOptions,
  type LabelReport,
  labelDataset,
  labelOptions,
  learnedValues,
  relabelDatasets,
} from "../train/index.ts";
import { addFlags, flagsOf, fromFlags, givenFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { withPhases } from "./progress.ts";
import { table } from "./table.ts";
import { type Flags, jsonFlag } from "./training.ts";

const essential = ["positiveFraction", "lookahead", "tag"];

export function addLabel(command: Command): void {
  command
    .description("Label the frames whose actions were better than expected, by the advantages of a value function.")
    .option(
      "--value <checkpoints...>",
      "value functions: runs, checkpoints or their folders. One that was trained on a fold values the episodes that it has not seen",
    )
    .option(
      "--labels <tag>",
      "take the advantages of these labels, which takes seconds; without --tag they are replaced",
    )
    .option(...jsonFlag);
  addFlags(command, labelOptions, essential);
  explain(command, {
    text: [
      "Labels are a file in each dataset's meta folder, named by a tag. The data itself stays as it is. A task has one threshold in all datasets.",
    ],
    examples: [
      "# before the first iteration",
      "pistar label data/demos --value runs/value",
      "# after an iteration",
      "pistar label data/rollouts --value runs/value-2 --positive-fraction 0.4 --lookahead 1",
      "# each episode by a value function that has not learned from it",
      "pistar label data/rollouts --value runs/fold-1 runs/fold-2 runs/fold-3",
      "# another share of positive frames",
      "pistar label data/rollouts --labels default --positive-fraction 0.1 --tag strict",
    ],
  }).action((datasets: string[], flags: Flags) => label(command, datasets, flags));
}

async function label(command: Command, datasets: readonly string[], { value, labels, json, ...flags }: Flags) {
  if ((value === undefined) === (labels === undefined))
    throw new PistarError(
      "bad-option",
      "Expected --value or --labels, where the advantages come from: one of both (pistar label --help explains them)",
    );
  const reports =
    labels === undefined
      ? await labelEach(datasets, value as string[], fromFlags(labelOptions, flags))
      : await relabelled(datasets, String(labels), givenFlags(command, flags));
  if (json) console.log(toJson(reports, 2));
  else for (const report of reports) printLabels(report);
}

/** By a value function: each dataset by itself, then a task's threshold in all of them. */
async function labelEach(
  datasets: readonly string[],
  values: readonly string[],
  options: LabelOptions,
): Promise<LabelReport[]> {
  const reports: LabelReport[] = [];
  for (const dataset of datasets)
    reports.push(
      await withPhases((show) =>
        labelDataset({
          dataset,
          values: learnedValues(values),
          options,
          onDecode: (done, total) => show("decoding pictures").update(done, total),
          onProgress: (done, total) => show("labelling").update(done, total),
        }),
      ),
    );
  return datasets.length === 1 ? reports : relabelDatasets({ datasets, from: options.tag, options });
}

/** Another share from the same advantages, in their place unless --tag names another. */
function relabelled(datasets: readonly string[], from: string, flags: Flags): Promise<LabelReport[]> {
  const names = flagsOf(labelOptions);
  const foreign = Object.keys(flags).filter(
    (name) => !["positiveFraction", "forceInterventions", "tag", "rename"].includes(name),
  );
  if (foreign.length > 0)
    throw new PistarError(
      "bad-option",
      `${foreign.map((name) => names[name]).join(", ")}: of no use with --labels, whose advantages are there already; ` +
        "leave out, or give --value in place of --labels",
    );
  return relabelDatasets({ datasets, from, options: fromFlags(labelOptions, { tag: from, ...flags }) });
}

function printLabels({ tag, tasks }: LabelReport): void {
  console.log(
    table(
      [`labels "${tag}"`, "frames", "positive", "share", "forced", "threshold", "spread of advantages"],
      tasks.map(({ task, frames, positive, forced, threshold, spread }) => [
        task,
        frames,
        positive,
        percent(positive / frames),
        forced,
        threshold,
        spread,
      ]),
    ),
  );
}
