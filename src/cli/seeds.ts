// pistar seeds: several runs of one configuration together.
import type { Command } from "commander";
import {
  type ArmAcrossSeeds,
  acrossSeeds,
  type PairedAcrossSeeds,
  percent,
  percentEstimate,
  pointsEstimate,
  ratioEstimate,
  readSummary,
} from "../loop/index.ts";
import type { Estimate } from "../rollout/index.ts";
import { PistarError } from "../system/index.ts";
import { explain } from "./help.ts";
import { table } from "./table.ts";

export function addSeeds(command: Command): void {
  command.description("Compare runs of pistar recap that differ in their seed.").option("--json", "print as JSON");
  explain(command, {
    text: [
      "Takes folders of runs, or their summary.json. Intervals are Student's 95 % intervals over the runs, so they cover what differs from " +
        'training to training. Ratios are geometric means. "To SFT" compares a policy with SFT of its own run on the same episodes, "RECAP to ' +
        'it" RECAP with a control. The last table has the means over the tasks.',
      "The tasks of a seed may come from several runs. These have the same pre-training if --pretrain-tasks names the same tasks in the same order.",
    ],
    examples: [
      "pistar recap --preset full --seed 0",
      "pistar recap --preset full --seed 1",
      "pistar seeds runs/recap-full-0 runs/recap-full-1",
      "# half of a seed's tasks",
      "pistar recap --preset full --seed 2 --tasks cube-in-bowl push-to-target --pretrain-tasks cube-in-bowl push-to-target stack-cubes peg-in-hole --out runs/half-2",
    ],
  }).action((runs: string[], { json }: { json?: boolean }) => {
    const found = acrossSeeds(runs.map(readSummary));
    if (found.length === 0)
      throw new PistarError("wrong-layout", "Expected runs with results of the same tasks and policies, found none");
    if (json) console.log(JSON.stringify(found, null, 2));
    else for (const task of new Set(found.map((arm) => arm.task))) printTask(task, found);
  });
}

function printTask(task: string, all: readonly ArmAcrossSeeds[]): void {
  const rows = all
    .filter((arm) => arm.task === task)
    .map(({ arm, iteration, successRates, successRate, againstSft, recapAgainst }) => [
      `${arm}${iteration > 0 ? ` ${iteration}` : ""}`,
      successRates.map(percent).join(" "),
      percentEstimate(successRate),
      ...against(againstSft),
      ratio(againstSft?.failureRatio),
      ...against(recapAgainst),
    ]);
  console.log(
    table(
      [
        task,
        "success",
        "mean",
        "to SFT, points",
        "throughput to SFT's",
        "failures",
        "RECAP to it, points",
        "throughput",
      ],
      rows,
    ),
  );
  console.log();
}

const against = (found: PairedAcrossSeeds | undefined): [difference: string, throughput: string] => [
  found ? pointsEstimate(found.successDifference) : "",
  ratio(found?.throughputRatio),
];

const ratio = (found: Estimate | null | undefined) =>
  found === undefined ? "" : found === null ? "–" : ratioEstimate(found);
