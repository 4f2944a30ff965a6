// pistar value: training a value function.
import type { Command } from "commander";
import { number, toJson } from "../system/index.ts";
import { trainValue, type ValueResult, valueOptions } from "../train/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { table } from "./table.ts";
import { warn } from "./terminal.ts";
import { type Flags, jsonFlag, outFlag, resumeFlag, withTrainingProgress } from "./training.ts";

const essential = ["from", "steps", "size", "seed", "device"];

export function addValue(command: Command): void {
  command
    .description(
      "Train a value function. It says from the pictures and the state how many steps are left until success.",
    )
    .requiredOption(...outFlag)
    .option(...resumeFlag)
    .option(...jsonFlag);
  addFlags(command, valueOptions, essential);
  explain(command, {
    text: [
      "The column episode_success of meta/episodes says whether an episode succeeded. Without it the episode counts as a success, as " +
        "demonstrations are. Some episodes of each task are held out. They choose the best checkpoint, and what is printed at the end says " +
        "whether its labels can be trusted.",
    ],
    examples: [
      "pistar value data/demos data/rollouts --out runs/value",
      "pistar value data/rollouts --out runs/value-2 --from runs/value --steps 300",
    ],
  }).action(value);
}

async function value(roots: readonly string[], { out, resume, json, ...flags }: Flags): Promise<void> {
  const options = fromFlags(valueOptions, flags);
  const result = await withTrainingProgress(`training ${String(out)}`, (callbacks) =>
    trainValue({
      run: String(out),
      datasets: roots.map((root) => ({ root })),
      options,
      resume: resume === true,
      ...callbacks,
    }),
  );
  if (json) console.log(toJson(result, 2));
  else printValue(result);
  for (const warning of result.warnings) warn(warning);
}

function printValue({ best, bestStep, parameters, episodes, check }: ValueResult): void {
  const rows: [string, string | number][] = [
    ["best checkpoint", `${best} (step ${bestStep})`],
    ["parameters", parameters],
    ["episodes", `${episodes.train} trained on, ${episodes.heldOut} held out`],
  ];
  if (check)
    rows.push(
      ["cross-entropy", `${number(check.heldOutCrossEntropy)} held out, ${number(check.trainCrossEntropy)} trained on`],
      ["error of values", `${number(check.heldOutError)}; mean return by time ${number(check.baselineError)}`],
      [
        "gap at the first frame",
        check.firstFrameGap === null ? "no failures or successes held out" : number(check.firstFrameGap),
      ],
      [
        "ranking halfway (AUC)",
        check.auc === null
          ? "no failures or successes held out"
          : `${number(check.auc)} (of ${check.successes} and ${check.failures} episodes${few(check) ? ", too few to rely on" : ""})`,
      ],
      [
        "spread of advantages",
        `${number(check.advantageSpread)} held out, ${number(check.trainAdvantageSpread)} trained on`,
      ],
    );
  console.log(table(["value function", ""], rows));
}

/** With fewer held-out successes or failures the ranking says little. */
const fewEpisodes = 5;
const few = ({ successes, failures }: NonNullable<ValueResult["check"]>) => Math.min(successes, failures) < fewEpisodes;
