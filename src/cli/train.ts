// pistar train: training a policy.
import type { Command } from "commander";
import { number, PistarError, toJson } from "../system/index.ts";
import { type PolicyResult, policyOptions, type TrainingDataset, trainPolicy } from "../train/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { table } from "./table.ts";
import { warn } from "./terminal.ts";
import { type Flags, jsonFlag, outFlag, resumeFlag, withTrainingProgress } from "./training.ts";

const essential = ["advantageIndicator", "labels", "from", "steps", "size", "backbone", "seed", "device"];

export function addTrain(command: Command): void {
  command
    .description("Train a policy, from scratch or from a checkpoint.")
    .requiredOption(...outFlag)
    .option(...resumeFlag)
    .option("--episodes <numbers...>", "episodes to train on, with one dataset (default: all)")
    .option(...jsonFlag);
  addFlags(command, policyOptions, essential);
  explain(command, { text, examples }).action(policy);
}

const text = [
  [
    "--advantage-indicator decides the method:",
    "  labels     RECAP: the prompt says by the labels whether the actions are good",
    "  positive   supervised fine-tuning of a policy that was trained with labels",
    "  none       plain cloning",
  ].join("\n"),
  "Methods to compare RECAP with, without the indicator: --learn-from successes is filtered cloning; --temperature 0.05 is advantage-weighted " +
    "regression, by the advantages of --labels.",
  "--subtasks also teaches the model to write what the robot is about to do, and to act by it. The dataset says so in LeRobot's column " +
    'language_persistent (rows of style "subtask"), or what pistar recorded: scripts of simulated demonstrations say what they do. Such a policy ' +
    "writes a subtask before it acts, once a second (--subtask-rate of eval and collect).",
  "A run holds checkpoints in LeRobot's layout, metrics.jsonl, and event files for TensorBoard. A run that was killed goes on with --resume and " +
    "ends with the same numbers.",
  "--from also takes a π0.5 of LeRobot or openpi: its folder (config.json, and model.safetensors whole or in shards), or its weights alone. " +
    "PaliGemma's tokenizer.json is not among its files. Cameras have the dataset's names, in the order of --cameras. LeRobot's normalisation is " +
    "kept if the robot has as many numbers.",
];

const examples = [
  "pistar train data/demos --out runs/policy --advantage-indicator labels",
  "pistar train data/rollouts --out runs/policy-2 --from runs/policy --advantage-indicator labels --steps 1000",
  "# in pistar's simulation, from the backbone that pistar brings",
  "pistar train data/simulated --out runs/seeing --advantage-indicator labels --no-fast --backbone nano",
  "# fine-tune a published π0.5",
  "pistar train data/demos --out runs/pi05 --from pi05_base --tokenizer paligemma/tokenizer.json --device cuda",
];

async function policy(roots: readonly string[], { out, resume, json, episodes, ...flags }: Flags): Promise<void> {
  const options = fromFlags(policyOptions, flags);
  const result = await withTrainingProgress(`training ${String(out)}`, (callbacks) =>
    trainPolicy({
      run: String(out),
      datasets: chosen(roots, episodes),
      options,
      resume: resume === true,
      ...callbacks,
    }),
  );
  if (json) console.log(toJson(result, 2));
  else printPolicy(result);
  for (const warning of result.warnings) warn(warning);
}

function chosen(roots: readonly string[], episodes: unknown): TrainingDataset[] {
  if (episodes === undefined) return roots.map((root) => ({ root }));
  if (roots.length > 1) throw new PistarError("bad-option", `--episodes: expected one dataset, got ${roots.length}`);
  const numbers = (episodes as string[]).map(Number);
  if (!numbers.every((index) => Number.isInteger(index) && index >= 0))
    throw new PistarError("bad-option", `--episodes: expected numbers from 0, got ${(episodes as string[]).join(" ")}`);
  return [{ root: roots[0]!, episodes: numbers }];
}

function printPolicy({ last, parameters, episodes, heldOut }: PolicyResult): void {
  const rows: [string, string | number][] = [
    ["checkpoint", last],
    ["parameters", parameters],
    ["episodes", `${episodes.train} trained on, ${episodes.heldOut} held out`],
  ];
  if (heldOut) {
    rows.push(["flow loss", heldOut["heldOut/flow"]!]);
    if (heldOut["heldOut/fast"] !== undefined) rows.push(["FAST cross-entropy", heldOut["heldOut/fast"]]);
    if (heldOut["heldOut/text"] !== undefined) rows.push(["subtask cross-entropy", heldOut["heldOut/text"]]);
    rows.push(
      ["error of chunks", heldOut["heldOut/actionError"]!],
      ["… repeating the last", heldOut["heldOut/repeatLastError"]!],
    );
  }
  console.log(
    table(
      ["policy", ""],
      rows.map(([name, found]) => [name, typeof found === "number" ? number(found) : found]),
    ),
  );
}
