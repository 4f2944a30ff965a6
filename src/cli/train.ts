// pistar value, label, train and model: from a dataset to a policy.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import {
  type PolicyConfig,
  parameterShapes,
  policyConfig,
  prefixLength,
  sizes,
  type ValueConfig,
  valueConfig,
} from "../model/index.ts";
import { findCheckpoint, findRunPolicy, readPolicyDescription, readValueDescription } from "../policy/index.ts";
import { PistarError } from "../system/index.ts";
import { elements } from "../tensor/index.ts";
import {
  type LabelOptions,
  type LabelReport,
  labelDataset,
  labelOptions,
  type PolicyResult,
  policyOptions,
  relabelDatasets,
  type TrainingDataset,
  trainPolicy,
  trainValue,
  type ValueResult,
  valueOptions,
} from "../train/index.ts";
import { addFlags, flagsOf, fromFlags, givenFlags } from "./flags.ts";
import { stoppable } from "./interrupt.ts";
import { withPhases } from "./progress.ts";
import { number, table } from "./table.ts";

type Flags = Record<string, unknown>;

/** Adds the commands to the program. */
export function addTrainCommands(program: Command): void {
  const out = ["--out <folder>", "folder of the run"] as const;
  const resume = ["--resume", "go on where a run that was stopped had its last checkpoint"] as const;
  const json = ["--json", "print what was found as JSON"] as const;

  addFlags(
    program
      .command("value <datasets...>")
      .description("train a value function: how many steps are left until success, as seen from a picture")
      .requiredOption(...out)
      .option(...resume)
      .option(...json),
    valueOptions,
  )
    .addHelpText(
      "after",
      `
Episodes say whether they succeeded in the column episode_success of meta/episodes; those that do not, as
demonstrations, did. Some episodes of each task are held out: by them the best checkpoint is chosen, and what is
printed at the end tells whether its labels can be trusted.

  pistar value data/demos data/rollouts --out runs/value
  pistar value data/rollouts --out runs/value-2 --from runs/value --steps 300`,
    )
    .action((datasets: string[], flags: Flags) => value(datasets, flags));

  addFlags(
    program
      .command("label <datasets...>")
      .description(
        "write which frames' actions were better than usual, by a value function, beside datasets; a task has one threshold in all of them",
      )
      .option("--value <checkpoint>", "value function: a run, a checkpoint or its folder")
      .option(
        "--labels <tag>",
        "labels whose advantages to take in place of a value function's: quick; they are replaced unless --tag names others",
      )
      .option(...json),
    labelOptions,
  )
    .addHelpText(
      "after",
      `
Labels are a file in each dataset's meta folder, by tag; the data is left as it is.

  pistar label data/demos --value runs/value                                             before the first iteration
  pistar label data/rollouts --value runs/value-2 --positive-fraction 0.4 --lookahead 1    after it
  pistar label data/rollouts --labels default --positive-fraction 0.1 --tag strict       another share, in seconds`,
    )
    .action((datasets: string[], flags: Flags, command: Command) => label(command, datasets, flags));

  addFlags(
    program
      .command("train <datasets...>")
      .description("train a policy, from nothing or from a checkpoint")
      .requiredOption(...out)
      .option(...resume)
      .option("--episodes <numbers...>", "episodes to train on (with one dataset; default: all)")
      .option(...json),
    policyOptions,
  )
    .addHelpText(
      "after",
      `
--advantage-indicator labels   RECAP: each prompt says by the labels whether what follows was good (see pistar label)
--advantage-indicator positive supervised fine-tuning of a policy that was trained with labels
--advantage-indicator none     plain cloning

--learn-from successes, without an indicator, is filtered cloning, and --temperature 0.05 advantage-weighted regression
by the advantages of --labels: what RECAP is compared with.

--subtasks           the model also learns to write what the robot is about to do, where the dataset says so by LeRobot's
                     column language_persistent (rows of style "subtask"), and acts by it

A run holds checkpoints in LeRobot's layout, metrics.jsonl, and event files for TensorBoard. Killed, it goes on with
--resume from its last checkpoint, to the same numbers.

  pistar train data/demos --out runs/policy --advantage-indicator labels
  pistar train data/simulated --out runs/seeing --advantage-indicator labels --no-fast --backbone nano    in pistar's simulation
  pistar train data/rollouts --out runs/policy-2 --from runs/policy --advantage-indicator labels --steps 1000

--from also takes a π0.5 of LeRobot or openpi: its folder (config.json and model.safetensors, whole or in shards) or its
weights alone. PaliGemma's tokenizer.json is not among its files. Cameras have the dataset's names, in the order of
--cameras. The normalisation that LeRobot wrote beside the weights is kept where the robot has as many numbers.

  pistar train data/demos --out runs/pi05 --from pi05_base --tokenizer paligemma/tokenizer.json --device cuda`,
    )
    .action((datasets: string[], flags: Flags) => policy(datasets, flags));

  program
    .command("model")
    .description("look at networks")
    .command("info <what>")
    .description(`a size (${Object.keys(sizes).join(", ")}) or a checkpoint: parts, parameters, inputs`)
    .option(...json)
    .action(modelInfo);
}

async function value(roots: readonly string[], { out, resume, json, ...flags }: Flags): Promise<void> {
  const options = fromFlags(valueOptions, flags);
  const result = await shown(`training ${String(out)}`, (callbacks) =>
    trainValue({
      run: String(out),
      datasets: roots.map((root) => ({ root })),
      options,
      resume: resume === true,
      ...callbacks,
    }),
  );
  if (json) console.log(JSON.stringify(result, null, 2));
  else printValue(result);
  warn(result.warnings);
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
          : `${number(check.auc)} (${check.successes} successes, ${check.failures} failures)`,
      ],
      [
        "spread of advantages",
        `${number(check.advantageSpread)} held out, ${number(check.trainAdvantageSpread)} trained on`,
      ],
    );
  console.log(table(["value function", ""], rows));
}

async function label(command: Command, datasets: readonly string[], { value, labels, json, ...flags }: Flags) {
  if ((value === undefined) === (labels === undefined))
    throw new PistarError(
      "bad-option",
      "Expected --value or --labels, one of both: where advantages come from (see pistar label --help)",
    );
  const reports =
    labels === undefined
      ? await labelled(datasets, String(value), fromFlags(labelOptions, flags))
      : await relabelled(datasets, String(labels), givenFlags(command, flags));
  if (json) console.log(JSON.stringify(reports, null, 2));
  else for (const report of reports) printLabels(report);
}

/** By a value function: each dataset by itself, then a task's threshold in all of them. */
async function labelled(datasets: readonly string[], value: string, options: LabelOptions): Promise<LabelReport[]> {
  const reports: LabelReport[] = [];
  for (const dataset of datasets)
    reports.push(
      await withPhases((show) =>
        labelDataset({
          dataset,
          value,
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
    (name) => !["positiveFraction", "forceInterventions", "tag"].includes(name),
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
        `${number((100 * positive) / frames)} %`,
        forced,
        threshold,
        spread,
      ]),
    ),
  );
}

async function policy(roots: readonly string[], { out, resume, json, episodes, ...flags }: Flags): Promise<void> {
  const options = fromFlags(policyOptions, flags);
  const result = await shown(`training ${String(out)}`, (callbacks) =>
    trainPolicy({
      run: String(out),
      datasets: chosen(roots, episodes),
      options,
      resume: resume === true,
      ...callbacks,
    }),
  );
  if (json) console.log(JSON.stringify(result, null, 2));
  else printPolicy(result);
  warn(result.warnings);
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

/** Shows the decoding of pictures, then the steps with their loss. */
function shown<Result>(
  label: string,
  work: (callbacks: {
    onDecode: (done: number, total: number) => void;
    onProgress: (progress: { step: number; steps: number; loss: number }) => void;
    signal: AbortSignal;
  }) => Promise<Result>,
): Promise<Result> {
  return stoppable((signal) =>
    withPhases((show) =>
      work({
        signal,
        onDecode: (done, total) => show("decoding pictures").update(done, total),
        onProgress: ({ step, steps, loss }) => show(label).update(step, steps, `loss ${loss.toPrecision(4)}`),
      }),
    ),
  );
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) console.error(`warning: ${warning}`);
}

async function modelInfo(what: string, { json }: { json?: boolean }): Promise<void> {
  const named: [string, PolicyConfig | ValueConfig][] = [];
  if (what in sizes) {
    const size = what as keyof typeof sizes;
    const body = { cameras: ["front", "wrist"], stateSize: 6, actionSize: 6 };
    named.push(["policy", policyConfig(size, body)], ["value function", valueConfig(size, body)]);
  } else if (existsSync(what) || findRunPolicy(what)) {
    const folder = findCheckpoint(what, "last");
    const isPolicy = existsSync(join(folder, "policy_postprocessor.json"));
    named.push(
      isPolicy
        ? ["policy", (await readPolicyDescription(folder)).config]
        : ["value function", (await readValueDescription(folder)).config],
    );
  } else
    throw new PistarError(
      "bad-option",
      `${what}: expected a size (${Object.keys(sizes).join(", ")}) or the folder of a run or a checkpoint`,
    );
  const found = named.map(([name, config]) => ({
    name,
    config,
    parameters: partsOf(config),
    prefix: prefixLength(config),
  }));
  if (json) return console.log(JSON.stringify(found, null, 2));
  for (const { name, config, parameters, prefix } of found) {
    const rows: [string, string][] = Object.entries(parameters).map(([part, count]) => [part, millions(count)]);
    rows.push(
      ["cameras", `${config.cameras.join(", ")} at ${config.vision.imageSize}×${config.vision.imageSize}`],
      ["state", `${config.stateSize} numbers, as ${config.state}`],
      ["prefix", `${prefix} tokens, ${config.promptTokens} of them for the prompt`],
    );
    if ("horizon" in config)
      rows.push(
        ["actions", `${config.horizon} steps of ${config.actionSize} numbers`],
        ["FAST tokens", String(config.actionTokens)],
      );
    else rows.push(["bins", String(config.bins)]);
    console.log(`${table([name, ""], rows)}\n`);
  }
}

/** Parameters by part. */
function partsOf(config: PolicyConfig | ValueConfig): Record<string, number> {
  const parts: Record<string, number> = { "all parameters": 0 };
  for (const [name, shape] of parameterShapes(config)) {
    const part = name.includes("vision_tower")
      ? "vision"
      : name.includes("embed_tokens")
        ? "embeddings"
        : name.includes("gemma_expert")
          ? "action expert"
          : name.includes("language_model")
            ? "language"
            : "between them";
    parts[part] = (parts[part] ?? 0) + elements(shape);
    parts["all parameters"]! += elements(shape);
  }
  return parts;
}

const millions = (count: number) => (count >= 1e6 ? `${number(count / 1e6)} M` : number(count));
