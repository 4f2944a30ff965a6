// pistar recap: the whole of Algorithm 1 with its report, in simulation; or its pre-training on existing datasets.
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  datasetOptions,
  datasetVerdict,
  labelTag,
  openDatasetRun,
  openRun,
  type Preset,
  presets,
  recapOptions,
  runOnDatasets,
  runRecap,
  runVerdict,
} from "../loop/index.ts";
import { addFlags, flagsOf, fromFlags } from "./flags.ts";
import { stageProgress } from "./stage-progress.ts";

const recapFlags: Readonly<Record<string, string>> = { preset: "--preset", ...flagsOf(recapOptions) };
const datasetFlags = flagsOf(datasetOptions.omit({ datasets: true }));

export function addRecapCommand(program: Command): void {
  const command = program
    .command("recap")
    .description(
      "clone a policy from demonstrations in simulation, let it gather experience, improve it by RECAP, and show whether it got better; or train value function and policy on your own data",
    )
    .addOption(new Option("--preset <preset>", "see below").choices(Object.keys(presets)).default("quick"))
    .option("--dataset <folders...>", "LeRobot datasets to train on in place of the simulation, see below")
    .option("--out <folder>", "the run's folder (default: runs/recap-PRESET-SEED, or runs/recap-DATASET-SEED)");
  addFlags(command, recapOptions)
    .addHelpText(
      "after",
      `
Presets replace these defaults; flags replace both.
${Object.entries(presets)
  .map(([name, { about, options }]) => `  ${name}: ${about}\n${changes(options)}`)
  .join("\n")}

On your own data
  pistar recap --dataset data/demos data/rollouts

trains a value function, labels every frame by it, and trains a policy with these labels, as Algorithm 1 begins; no
simulation runs. The report tells whether value function and policy predict held-out episodes better than the mean
return by time and repeating the last action do; how often the policy succeeds only your robot can tell.
  It takes ${Object.values(datasetFlags).join(" ")}.
  Any dataset of LeRobot v2.0, v2.1 or v3.0 will do. Episodes say in the column episode_success of meta/episodes
  ("success" or "failure") how they ended; those that do not are taken for successes, as demonstrations are. Where a
  person acted is told by a column complementary_info.is_intervention or intervention of the frames.
  Advantages reach to the episode's end unless --lookahead gives seconds, such as 1 for data with many failures.
  Labels are written as pistar label writes them: two files in the dataset's meta folder, advantages_RUN.parquet and
  returns_RUN.parquet, RUN being the name of the run's folder. Nothing else of the dataset is changed.

Another share of positive frames needs no new value function (RUN of the run above is recap-demos-0):
  pistar relabel data/demos data/rollouts --labels recap-demos-0 --positive-fraction 0.1 --tag strict
  pistar train data/demos data/rollouts --indicator labels --labels strict --out runs/strict

A run that was stopped or killed goes on when the same command is given again. One that has ended gains controls, or an
iteration, when its command is given again with other --controls or more --iterations.
Its folder ends with report.html and summary.json.`,
    )
    .action((flags: Record<string, unknown>) => recap(command, flags));
}

const changes = (options: object) =>
  Object.entries(options)
    .map(([name, value]) => `    ${name}: ${Array.isArray(value) ? value.join(", ") : value}`)
    .join("\n");

async function recap(command: Command, flags: Record<string, unknown>): Promise<void> {
  const given = Object.fromEntries(
    Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
  if (flags.dataset === undefined) await inSimulation(flags.preset as Preset, given);
  else await onDatasets(given);
}

function inSimulation(preset: Preset, given: Readonly<Record<string, unknown>>): Promise<void> {
  const options = fromFlags(recapOptions, { ...presets[preset].options, ...given });
  const folder = (given.out as string | undefined) ?? join("runs", `recap-${preset}-${options.seed}`);
  return reported(folder, async (progress, signal) =>
    runVerdict(await runRecap(openRun(folder, options, progress, signal))),
  );
}

async function onDatasets({ dataset, out, ...given }: Readonly<Record<string, unknown>>): Promise<void> {
  const foreign = Object.keys(given).filter((name) => !(name in datasetFlags));
  if (foreign.length > 0)
    throw new Error(
      `${foreign.map((name) => recapFlags[name]).join(", ")}: of no use with --dataset, where no simulation runs; ` +
        `leave out, or give one of ${Object.values(datasetFlags).join(" ")}`,
    );
  const datasets = dataset as string[];
  const options = fromFlags(datasetOptions, { ...given, datasets });
  const folder =
    (out as string | undefined) ?? join("runs", `recap-${basename(resolve(datasets[0]!))}-${options.seed}`);
  await reported(folder, async (progress, signal) => {
    const run = await openDatasetRun(folder, options, progress, signal);
    const summary = await runOnDatasets(run);
    progress.onNote(
      `labels "${labelTag(run)}" lie beside the data, in ${join(datasets[0]!, "meta")}${datasets.length > 1 ? ", …" : ""}`,
    );
    return datasetVerdict(summary);
  });
}

/** Shows progress, ends a run after an interrupt where it can go on, and prints its verdict. */
async function reported(
  folder: string,
  run: (progress: ReturnType<typeof stageProgress>, signal: AbortSignal) => Promise<ReturnType<typeof runVerdict>>,
): Promise<void> {
  const stopping = new AbortController();
  const stop = () => {
    console.error("Stopping after the episodes in progress, or at the end of a training; press again to stop at once.");
    stopping.abort(new Error("stopped; the same command goes on"));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const progress = stageProgress();
  try {
    const { head, detail } = await run(progress, stopping.signal);
    progress.close();
    console.log(`${[head, detail].filter((part) => part !== "").join(": ")}.`);
    console.log(`Report: ${join(folder, "report.html")}`);
  } finally {
    progress.close();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
