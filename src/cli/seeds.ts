// pistar seeds: what several runs of one configuration show together.
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
import { table } from "./table.ts";

export function addSeedsCommand(program: Command): void {
  program
    .command("seeds <runs...>")
    .description("what runs of pistar recap that differ in their seed alone show together")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Takes folders of runs, or their summary.json. Intervals are Student's 95 % over the runs, so that they hold what differs
from training to training; ratios are geometric means. "To SFT" compares each policy with SFT of its own run on the same
episodes, "RECAP to it" RECAP with a control. Last stands each run's mean over its tasks, of ratios again the geometric one.

  pistar recap --preset full --seed 0
  pistar recap --preset full --seed 1
  pistar seeds runs/recap-full-0 runs/recap-full-1

A seed's tasks may come from several runs, each the shorter for it. Where --pretrain-tasks names the same tasks in the same
order their pre-training is the same, and where as many tasks are improved side by side they find what one run of all finds:

  pistar recap --preset full --seed 2 --tasks cube-in-bowl push-to-target \\
    --pretrain-tasks cube-in-bowl push-to-target stack-cubes peg-in-hole --out runs/half-2`,
    )
    .action((runs: string[], { json }: { json?: boolean }) => {
      const found = acrossSeeds(runs.map(readSummary));
      if (found.length === 0)
        throw new PistarError("bad-option", "Expected runs with results of the same tasks and policies, found none");
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
