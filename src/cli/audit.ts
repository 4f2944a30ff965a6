// pistar audit: a value function and its labels beside true values, from runs of the policy.
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type * as z from "zod";
import { auditOptions, type MomentRuns, type MomentRunsInput, runMoments, trueValues } from "../audit/index.ts";
import {
  auditedIteration,
  auditFolder,
  episodesOf,
  labelling,
  refreshReport,
  runIterationMoments,
  valueName,
  writeAudit,
} from "../loop/index.ts";
import { PistarError, toJson } from "../system/index.ts";
import { type LabelOptions, labelDataset, learnedValues, type ValueSource } from "../train/index.ts";
import { printAudit, printOracle } from "./audit-tables.ts";
import { interruptible, robotFlag, stationsOf } from "./episodes.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { withPhases } from "./progress.ts";
import { warn } from "./terminal.ts";
import { jsonFlag } from "./training.ts";

const schema = auditOptions.omit({ policy: true });
const essential = ["of", "budget", "runs", "every", "episodes", "workers", "seed"];
const ofDatasets = ["policy", "robot"] as const;
const ofRun = ["task", "iteration"] as const;

export function addAudit(command: Command): void {
  const advanced = (flag: string, text: string) =>
    new Option(flag, text).argParser(Number).helpGroup("Advanced options:");
  command
    .description(
      "Compare a value function and its labels with the truth: replay recorded episodes of a simulated task, and let the policy run from their " +
        "moments to the end.",
    )
    .option("--task <task>", "task of the run (default: its first)")
    .option("--iteration <number>", "iteration of the run (default: its last)", Number)
    .option("--dataset <folder>", "audit a dataset in place of a run; it takes --policy and --value too")
    .option("--policy <policy>", "policy whose value is asked for, as pistar eval takes it")
    .option("--value <checkpoints...>", "value functions, as pistar label takes them (default: the run's)")
    .option(
      "--labels <tag>",
      "labels to audit: their values, advantages and indicators (default: the iteration's; of a dataset or with --value: none, the values alone)",
    )
    .option("--out <folder>", "folder of runs and results (default: in the run, or audits/DATASET)")
    .option("--write-labels <tag>", "label the audited episodes by their true values: oracle labels")
    .option(...jsonFlag)
    .addOption(advanced("--lookahead <seconds>", "lookahead N of the advantages (default: the labels', else 1)"))
    .addOption(
      advanced(
        "--positive-fraction <number>",
        "share of positive frames of the oracle labels (default: the run's, else 0.3)",
      ),
    )
    .option(...robotFlag);
  addFlags(command, schema, essential);
  explain(command, {
    text: [
      "A true value is the mean return of the policy's runs from a recorded moment. It has the scale of the value function: 0 is success at once, " +
        "−1 is failure. Two halves of the runs take the noise out, so that it neither adds to an error nor takes from a correlation. " +
        "Intervals are bootstraps over episodes.",
      "The runs are kept. The same command goes on where it was stopped, or adds runs for another budget. Labels, values and lookahead may " +
        "change without new runs.",
      "--of supervised asks for another value: that of the policy with the scripted supervisor, as the returns of supervised episodes give it.",
      "--write-labels makes labels as pistar label does, but from true values. Between two moments of an episode a value is interpolated. " +
        "Episodes that are not audited get no label.",
    ],
    examples: [
      "pistar audit runs/recap-quick-0 --budget 10",
      "# four runs from each moment, two seconds apart",
      "pistar audit runs/recap-full-0 --task stack-cubes --iteration 1 --runs 4 --every 2",
      "# a dataset, a value function and a policy of your own",
      "pistar audit --dataset data/rollouts --value runs/value --policy runs/policy --labels default",
      "# other labels and other values, by the same runs",
      "pistar audit runs/recap-quick-0 --runs 4 --labels strict",
      "pistar audit runs/recap-quick-0 --runs 4 --value runs/fold-1 runs/fold-2 runs/fold-3",
      "# labels by the truth",
      "pistar audit runs/recap-quick-0 --runs 4 --write-labels oracle",
    ],
  }).action(audit);
}

interface Flags extends Record<string, unknown> {
  readonly task?: string;
  readonly iteration?: number;
  readonly dataset?: string;
  readonly policy?: string;
  readonly value?: readonly string[];
  readonly labels?: string;
  readonly out?: string;
  readonly writeLabels?: string;
  readonly json?: boolean;
  readonly robot?: string;
  readonly lookahead?: number;
  readonly positiveFraction?: number;
}

type Asked = z.output<typeof schema>;

/** What is audited. */
interface Subject {
  readonly dataset: string;
  readonly labels?: string;
  readonly values: ValueSource;
  readonly policy: string;
  /** Names the value function or its labels in the result. */
  readonly valueName: string;
  /** Of the results. */
  readonly folder: string;
  /** Whether the results belong into the run's report. */
  readonly reported: boolean;
  /** Of oracle labels. */
  readonly labelling: Partial<LabelOptions>;
  run(listener: Pick<MomentRunsInput, "onProgress" | "signal">): Promise<MomentRuns>;
}

async function audit(run: string | undefined, flags: Flags): Promise<void> {
  const asked = askedBy(run, flags);
  const subject = run === undefined ? await ofDataset(asked, flags) : ofIteration(run, asked, flags);
  const runs = await interruptible((signal) =>
    withPhases((show) =>
      subject.run({
        signal,
        onProgress: (done, total, round) =>
          show(`runs ${2 * round + 1} and ${2 * round + 2} of each moment`).update(done, total),
      }),
    ),
  );
  const [lost] = runs.lost;
  if (lost) warn(`${runs.lost.length} episodes could not be run to their end, first ${lost.episode}: ${lost.lost}`);
  const { folder, policy, valueName } = subject;
  const found = await withPhases((show) =>
    writeAudit(
      folder,
      {
        ...subject,
        ...runs,
        lookahead: flags.lookahead,
        onProgress: (done, total) => show("values").update(done, total),
        onDecode: (done, total) => show("decoding pictures").update(done, total),
      },
      { of: asked.of, policy, valueName },
      asked.seed,
    ),
  );
  if (run !== undefined && subject.reported) refreshReport(run);
  const oracle = flags.writeLabels === undefined ? undefined : await writeOracle(subject, runs, flags.writeLabels);
  if (flags.json) return console.log(toJson({ audit: found, ...(oracle && { oracle }) }, 2));
  printAudit(found);
  if (oracle) printOracle(oracle, found);
  console.log(`\nResults: ${join(folder, "audit.json")} and moments.csv`);
}

/** The options of the runs. @throws PistarError bad-option for flags that do not go together */
function askedBy(run: string | undefined, flags: Flags): Asked {
  if ((run === undefined) === (flags.dataset === undefined))
    throw new PistarError("bad-option", "Expected a run or --dataset: one of both (pistar audit --help explains them)");
  const [useless, beside] = run === undefined ? [ofRun, "--dataset"] : [ofDatasets, "a run"];
  for (const name of useless)
    if (flags[name] !== undefined)
      throw new PistarError("bad-option", `--${name}: of no use with ${beside}; leave it out`);
  if (run === undefined && (flags.policy === undefined || flags.value === undefined))
    throw new PistarError(
      "bad-option",
      "--dataset: expected --policy, whose value is asked for, and --value, the value function that says it",
    );
  return fromFlags(schema, Object.fromEntries(Object.entries(flags).filter(([name]) => name in schema.shape)));
}

/** Flags that change how labels are made. */
const labellingBy = ({ lookahead, positiveFraction }: Flags): Partial<LabelOptions> => ({
  ...(lookahead !== undefined && { lookahead }),
  ...(positiveFraction !== undefined && { positiveFraction }),
});

function ofIteration(run: string, asked: Asked, flags: Flags): Subject {
  const given = auditedIteration(run, flags.task, flags.iteration);
  const { value, out } = flags;
  const labels = flags.labels ?? (value === undefined ? given.labels : undefined);
  const own = value === undefined && labels === given.labels;
  const ofRuns = out ?? auditFolder(given, asked.of);
  return {
    dataset: given.dataset,
    ...(labels !== undefined && { labels }),
    values: value === undefined ? given.values() : learnedValues(value),
    policy: given.actor().policyName,
    valueName: own ? valueName(given.task, given.iteration) : (labels ?? value!.join(" ")),
    folder: own || out !== undefined ? ofRuns : join(ofRuns, labels ?? "values"),
    reported: own && out === undefined,
    labelling: { ...labelling(given.run), ...labellingBy(flags) },
    run: (listener) => runIterationMoments(given, ofRuns, asked, listener),
  };
}

async function ofDataset(asked: Asked, flags: Flags): Promise<Subject> {
  const { dataset = "", policy = "", value = [], labels, robot } = flags;
  const folder = flags.out ?? join("audits", basename(resolve(dataset)), asked.of);
  return {
    dataset,
    ...(labels !== undefined && { labels }),
    values: learnedValues(value),
    policy,
    valueName: labels ?? value.join(" "),
    folder,
    reported: false,
    labelling: labellingBy(flags),
    run: async (listener) =>
      runMoments({
        ...listener,
        dataset,
        episodes: await episodesOf(dataset, labels),
        options: { ...asked, policy },
        stations: stationsOf(robot),
        path: join(folder, "runs.jsonl"),
      }),
  };
}

/** Labels the audited episodes by the truth. */
const writeOracle = async ({ dataset, values, labelling }: Subject, { rounds }: MomentRuns, tag: string) =>
  labelDataset({
    dataset,
    episodes: [...new Set(rounds.map(({ episode }) => episode))].sort((a, b) => a - b),
    values: trueValues(rounds, await values.scales()),
    options: { ...labelling, tag },
  });
