// pistar recap: the whole of Algorithm 1 with its report, in simulation; or its pre-training on existing datasets.
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  checkRoom,
  datasetOptions,
  datasetVerdict,
  gigabytes,
  labelTag,
  type Need,
  type Needs,
  needsOf,
  needsOnDatasets,
  nextStep,
  openDatasetRun,
  openPlan,
  openRun,
  type PlanOptions,
  type Preset,
  plannedCommands,
  planOptions,
  presets,
  readRunConfig,
  recapOptions,
  roundFolder,
  runOnDatasets,
  runRecap,
  runVerdict,
  trainRound,
  withTrainerFile,
} from "../loop/index.ts";
import { PistarError } from "../system/index.ts";
import { addFlags, flagsOf, fromFlags, givenFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { nextSteps } from "./next-steps.ts";
import { stageProgress } from "./stage-progress.ts";
import { warn, wrap } from "./terminal.ts";

const recapFlags: Readonly<Record<string, string>> = { preset: "--preset", ...flagsOf(recapOptions) };
const datasetFlags = flagsOf(datasetOptions.omit({ datasets: true }));
const planFlags = flagsOf(planOptions.omit({ robot: true, task: true }));

const essential = [
  "tasks",
  "seed",
  "controls",
  "iterations",
  "demonstrations",
  "autonomous",
  "corrected",
  "evaluation",
];

export function addRecap(command: Command): void {
  command
    .description(
      "Clone a policy from demonstrations in simulation, let it gather experience, improve it by RECAP, and report whether it got better. " +
        "With --dataset: train a value function and a policy on your own data.",
    )
    .addOption(
      new Option("--preset <preset>", "options to begin with, see below")
        .choices(Object.keys(presets))
        .default("quick"),
    )
    .option("--dataset <folders...>", "LeRobot datasets to train on, without simulation")
    .option(
      "--rename <stored=name...>",
      "read columns of these datasets under other names, such as joints=observation.state",
    )
    .option("--robot <file>", "robot file of a real SO-101: improve a policy on it, with you in the loop")
    .option("--task <instruction>", "with --robot: what the arm shall do")
    .option("--out <folder>", "folder of the run (default: runs/recap-PRESET-SEED, or runs/recap-DATASET-SEED)")
    .option("--config <file>", "config.json of another run: take its options; flags replace them")
    .option("--dry-run", "say what the run would do and need, and whether there is room for it; then end")
    .option("--resume", "go on with the run in --out, with its own options");
  addFlags(command, recapOptions, essential);
  explain(command, { text, examples }).action((flags: Record<string, unknown>) => recap(command, flags));
}

const examples = [
  "pistar recap",
  "# what it takes: time, disk and memory",
  "pistar recap --preset full --seed 1 --dry-run",
  "# add controls to a run that has ended",
  "pistar recap --resume --out runs/recap-quick-0 --controls filtered awr",
  "# the same options with another seed",
  "pistar recap --config runs/recap-quick-0/config.json --seed 1 --out runs/two",
  "# your own data",
  "pistar recap --dataset data/demos data/rollouts",
  "# a real arm; give the same command again after each step",
  "pistar recap --robot so101.json --task 'put the cube into the bowl' --out runs/mine",
  "# a trainer of your own: what would be run",
  `pistar recap --trainer "python train.py {dataset} {from} {out} {steps} {seed}" --server "python serve.py {checkpoint} {port}" --dry-run`,
];

function changes(options: object): string {
  const flags = Object.entries(options).map(
    ([name, value]) => `${recapFlags[name]} ${Array.isArray(value) ? value.join(" ") : value}`,
  );
  return flags.map((flag) => `    ${wrap(flag, 80, "      ")}`).join("\n");
}

const text = [
  "A preset replaces the defaults above. A flag replaces both.",
  ...Object.entries(presets).map(([name, { about, options }]) => `${name}: ${about}.\n${changes(options)}`),
  "A run's folder ends with report.html and summary.json. A run that was stopped goes on when the same command is given again, or with " +
    "--resume. A run that has ended gains controls, or an iteration, when it is resumed with other --controls or more --iterations. No other " +
    "option changes within a run.",
  "--dataset trains a value function, labels every frame by it, and trains a policy with these labels. The report compares both networks with " +
    "trivial predictions on held-out episodes. Only your robot can tell how often the policy succeeds.",
  "Any dataset of LeRobot v2.0, v2.1 or v3.0 will do. The column episode_success of meta/episodes (success or failure) says how an episode " +
    "ended; without it the episode counts as a success. The frames' column complementary_info.is_intervention or intervention says where a " +
    "person acted. Advantages reach to the episode's end; --lookahead gives seconds instead.",
  "The labels are two files in the dataset's meta folder, advantages_RUN.parquet and returns_RUN.parquet. Nothing else of the dataset changes.",
  "--trainer runs RECAP round a policy that is trained and served elsewhere, such as π0.5 in openpi or LeRobot (docs/guides/outside-trainer.md). pistar " +
    "collects, values, labels and evaluates. For each training it writes a LeRobot dataset with the word in each frame's instruction, and fills in the command: " +
    "{dataset} or {dataset_v21} (formats v3.0 and v2.1), {from}, {out}, {steps}, {seed}; with {resume} (true or false) a trainer goes on with what it left. " +
    "In --server it fills in {checkpoint} and {port}. Do not put quotes around them.",
  `Flags for --dataset: ${Object.values(datasetFlags).join(" ")}`,
  "--robot improves a policy on a real arm. You demonstrate, watch, judge and correct; the command trains, and stops where it needs you. It says which " +
    "episodes to collect by which command. Give the same command again when they are there, today or another day. Every round keeps its " +
    "own data, policy and report.",
  `Flags for --robot: --task ${Object.values(planFlags).join(" ")}`,
];

type Options = Readonly<Record<string, unknown>>;

async function recap(command: Command, flags: Record<string, unknown>): Promise<void> {
  const {
    out,
    dataset,
    config,
    resume,
    dryRun = false,
    preset,
    robot,
    task,
    ...options
  } = givenFlags(command, flags) as {
    readonly [flag in "out" | "config" | "robot" | "task"]?: string;
  } & { readonly dataset?: string[]; readonly resume?: true; readonly dryRun?: true; readonly preset?: Preset };
  if (robot !== undefined) return withPerson(out, { robot, ...(task !== undefined && { task }), ...options });
  if (task !== undefined)
    throw new PistarError("bad-option", "--task: of no use without --robot; --tasks names simulated tasks");
  const known = resume || config !== undefined ? configOf(out, config, resume) : undefined;
  if (known !== undefined && preset !== undefined)
    throw new PistarError("bad-option", `--preset: of no use where options come from ${known}; leave it out`);
  const base = known === undefined ? undefined : readRunConfig(known).options;
  const datasets = dataset ?? (base?.datasets as string[] | undefined);
  if (datasets === undefined) await inSimulation(out, flags.preset as Preset, base, options, dryRun);
  else if (preset !== undefined)
    throw new PistarError("bad-option", "--preset: of no use with --dataset, where no simulation runs; leave it out");
  else await onDatasets(out, { ...base, datasets }, options, dryRun);
}

/** The config.json with the options of the run in `out`. */
function configOf(out: string | undefined, config: string | undefined, resume = false): string {
  const flag = resume ? "--resume" : "--config";
  if (out === undefined)
    throw new PistarError(
      "bad-option",
      `${flag}: expected the folder of the run ${resume ? "to go on with" : "to begin"}, by --out`,
    );
  if (config === undefined) return join(out, "config.json");
  if (resume)
    throw new PistarError("bad-option", "--config: of no use with --resume, which takes the run's own; leave it out");
  return config;
}

/** @param base options of another run, in place of the preset's */
async function inSimulation(
  out: string | undefined,
  preset: Preset,
  base: Options | undefined,
  given: Options,
  dryRun: boolean,
): Promise<void> {
  if (given.rename)
    throw new PistarError(
      "bad-option",
      "--rename: of no use without --dataset; the simulation names its columns itself",
    );
  const options = fromFlags(recapOptions, {
    ...(base ?? withoutAwr(presets[preset].options, given)),
    ...withTrainerFile(given),
  });
  const folder = out ?? join("runs", `recap-${preset}-${options.seed}`);
  const commands = plannedCommands(folder, options);
  if (planned(folder, needsOf(options), dryRun)) {
    for (const { name, command } of commands) console.log(`${name}:\n    ${command}`);
    return;
  }
  await reported(folder, async (progress, signal) =>
    runVerdict(await runRecap(openRun(folder, options, progress, signal))),
  );
  for (const line of nextSteps(folder, options.iterations)) console.log(line);
}

/** A preset's options for an outside trainer, whose datasets cannot weight frames. */
function withoutAwr(options: Options, { trainer }: Options): Options {
  const { controls } = options;
  return trainer === undefined || !Array.isArray(controls)
    ? options
    : { ...options, controls: controls.filter((name) => name !== "awr") };
}

async function onDatasets(
  out: string | undefined,
  base: Options & { readonly datasets: readonly string[] },
  given: Options,
  dryRun: boolean,
): Promise<void> {
  const foreign = Object.keys(given).filter((name) => !(name in datasetFlags));
  if (foreign.length > 0)
    throw new PistarError(
      "bad-option",
      `${foreign.map((name) => recapFlags[name]).join(", ")}: of no use with --dataset, where no simulation runs; ` +
        `leave out, or give one of ${Object.values(datasetFlags).join(" ")}`,
    );
  const options = fromFlags(datasetOptions, { ...base, ...withTrainerFile(given) });
  const { datasets, seed } = options;
  const folder = out ?? join("runs", `recap-${basename(resolve(datasets[0]!))}-${seed}`);
  if (planned(folder, await needsOnDatasets(options), dryRun, datasets)) return;
  await reported(folder, async (progress, signal) => {
    const run = await openDatasetRun(folder, options, progress, signal);
    const summary = await runOnDatasets(run);
    progress.onNote(
      `labels "${labelTag(run)}" lie beside the data, in ${join(datasets[0]!, "meta")}${datasets.length > 1 ? ", …" : ""}`,
    );
    return datasetVerdict(summary);
  });
}

/** Algorithm 1 on a real arm: trains what can be trained, and says what it needs next. */
async function withPerson(out: string | undefined, given: Options): Promise<void> {
  if (out === undefined)
    throw new PistarError("bad-option", "--out: expected the folder of the run, because it goes on there");
  const foreign = Object.keys(given).filter((name) => !(name in planOptions.shape));
  if (foreign.length > 0)
    throw new PistarError(
      "bad-option",
      `${foreign.map((name) => recapFlags[name]).join(", ")}: of no use with --robot`,
    );
  const options = openPlan(out, given as Partial<PlanOptions>);
  for (;;) {
    const step = await nextStep(out, options);
    if ("need" in step) return printNeed(out, step.need);
    const { train: round } = step;
    console.error(`round ${round}: value function, labels and policy from all data so far`);
    await reported(roundFolder(out, round), async (progress, signal) =>
      datasetVerdict(await trainRound(out, round, options, progress, signal)),
    );
  }
}

const needed = {
  demonstrations: "demonstrations, teleoperated by the leader",
  autonomous: "autonomous episodes, which you judge by s and f",
  corrected: "episodes in which you take over where the policy goes wrong",
} as const satisfies Record<Need["what"], string>;

function printNeed(out: string, { round, what, wanted, had, command }: Need): void {
  console.log(
    `${round === 0 ? "To begin" : `Round ${round}`}: ${wanted} ${needed[what]}${had > 0 ? ` (${had} are there)` : ""}. Run\n  ${command}\nThen: pistar recap --robot ${command.split(" ")[3]} --out ${out}`,
  );
}

/** Checks the room for a run. @returns true for a dry run, which ends here */
function planned(folder: string, needs: Needs, dryRun: boolean, datasets: readonly string[] = []): boolean {
  const room = checkRoom(folder, needs, datasets);
  const memory = `${gigabytes(needs.memory)} of memory (${gigabytes(room.memory)} are free)`;
  if (room.memory < needs.memory) warn(`the run needs about ${memory}`);
  if (!dryRun) return false;
  console.log(`${folder}: ${needs.episodes} episodes and ${needs.trainings} trainings`);
  console.log(`needs about ${gigabytes(needs.disk)} of disk (${gigabytes(room.disk)} are free) and ${memory}`);
  for (const root of datasets) console.log(`labels will be written into ${join(root, "meta")}`);
  return true;
}

/** Shows progress, stops a run after Ctrl-C at a point from which it can go on, and prints its verdict. */
async function reported(
  folder: string,
  run: (progress: ReturnType<typeof stageProgress>, signal: AbortSignal) => Promise<ReturnType<typeof runVerdict>>,
): Promise<void> {
  const stopping = new AbortController();
  const endWatch = onInterrupt((signal) => {
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    console.error("Stopping after the step or the episodes in progress; press again to stop at once.");
    stopping.abort(new Error("stopped; the same command goes on"));
  });
  const progress = stageProgress();
  try {
    const { head, detail } = await run(progress, stopping.signal);
    progress.close();
    const verdict = `${[head, detail].filter((part) => part !== "").join(": ")}.`;
    console.log(process.stdout.isTTY ? wrap(verdict, process.stdout.columns) : verdict);
    console.log(`Report: ${join(folder, "report.html")}`);
  } finally {
    progress.close();
    endWatch();
  }
}
