// pistar tasks, collect, eval and replay: simulated episodes.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { encodePng, type LeRobotDataset, openDataset } from "../data/index.ts";
import {
  assignmentOf,
  type Collection,
  type Comparison,
  collect,
  collectOptions,
  compare,
  type Estimate,
  type Evaluation,
  evaluateOptions,
  evaluatePolicy,
  type Replay,
  replayEpisode,
  type Score,
} from "../rollout/index.ts";
import { createTaskWorld, judging, simulation, taskNamed, tasks } from "../sim/index.ts";
import { PistarError } from "../system/index.ts";
import { type Film, openFilm } from "./film.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { onInterrupt } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { number, table } from "./table.ts";

/** Adds the commands to the program. */
export function addRolloutCommands(program: Command): void {
  program
    .command("tasks")
    .description("list the simulated tasks")
    .option("--out <folder>", "write a picture of each as PNG into a folder")
    .action(listTasks);

  addFlags(
    program
      .command("collect")
      .description("record simulated episodes into a dataset; run again, it goes on where it was"),
    collectOptions,
  )
    .option(...robotFlag)
    .action(collectEpisodes);

  addFlags(
    program
      .command("eval")
      .description(
        "success rate and throughput of a policy, with 95 % intervals; beside another one on the same episodes",
      ),
    evaluateOptions,
  )
    .option(...robotFlag)
    .option("--against <policy>", "a policy to compare with, on the same episodes")
    .option("--json <file>", "write everything as JSON; - is the standard output, in place of the tables")
    .action(evaluate);

  program
    .command("replay <dataset> <episode>")
    .description(
      'replay a recorded episode ("all": each) in simulation and say whether it ends the same; exits with 1 if not',
    )
    .option("--out <file>", "write both cameras as .mp4, .gif or .png (a sheet); with several episodes, a file each")
    .action(replay);
}

async function listTasks({ out }: { out?: string }): Promise<void> {
  console.log(
    table(
      ["task", "", "time limit", "difficulty", "instructions"],
      tasks.map(({ name, description, timeLimit, difficulty, instructions }) => [
        name,
        description,
        `${timeLimit} s`,
        difficulty,
        `${instructions.length}, such as "${instructions[0]}"`,
      ]),
    ),
  );
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  for (const task of tasks) {
    const world = await createTaskWorld(task);
    const picture = world.look({ name: "front", width: 320, height: 240 });
    writeFileSync(join(out, `${task.name}.png`), await encodePng(picture));
    await world.close();
  }
}

const robotFlag = [
  "--robot <module>",
  "JavaScript module that opens a robot of your own in place of the simulation: it exports `stations` (see examples/own-robot)",
] as const;

/** Address of the module that opens the robot. */
const stationsOf = (module: string | undefined): string =>
  module === undefined ? simulation : pathToFileURL(resolve(module)).href;

async function collectEpisodes(flags: Record<string, unknown> & { robot?: string }): Promise<void> {
  const { robot } = flags;
  const options = fromFlags(collectOptions, flags);
  const { before, collected, lost } = await interruptible((signal) =>
    withProgress(`collecting ${options.task}`, (progress) =>
      collect({ ...options, stations: stationsOf(robot), progress, signal }),
    ),
  );
  const successes = collected.filter(({ outcome }) => outcome === "success").length;
  const discarded = collected.filter(({ outcome }) => outcome === "discarded").length;
  const parts = [
    `${options.out}: ${collected.length - discarded} episodes more, ${successes} of them successes`,
    ...(before > 0 ? [`${before} were there`] : []),
    ...(discarded > 0 ? [`${discarded} discarded`] : []),
    ...(lost.length > 0 ? [`${lost.length} lost (run it again to try them again)`] : []),
  ];
  console.log(parts.join("; "));
  warn(lost, collected);
}

async function evaluate(
  flags: Record<string, unknown> & { against?: string; json?: string; robot?: string },
): Promise<void> {
  const { against, json, robot } = flags;
  const options = fromFlags(evaluateOptions, flags);
  const run = (policy: string) =>
    interruptible((signal) =>
      withProgress(`evaluating ${policy}`, (progress) =>
        evaluatePolicy({ ...options, policy, stations: stationsOf(robot), progress, signal }),
      ),
    );
  const evaluation = await run(options.policy);
  const baseline = against === undefined || process.exitCode ? undefined : await run(against);
  const comparison = baseline && compare(evaluation, baseline, options.seed);
  const found = { options, evaluation, ...(baseline && { baseline, comparison }) };
  if (json === "-") console.log(JSON.stringify(found, null, 2));
  else {
    if (json !== undefined) writeFileSync(json, JSON.stringify(found, null, 2));
    printEvaluation(evaluation);
    if (baseline && comparison) {
      printEvaluation(baseline);
      printComparison(comparison, options.policy, baseline.policy);
    }
  }
  for (const { lost } of [evaluation, ...(baseline ? [baseline] : [])]) warn(lost, []);
}

function printEvaluation({ policy, total, byTask, jumps, runs }: Evaluation): void {
  const row = (name: string, { episodes, successRate, throughput, medianTimeToSuccess }: Score) => [
    name,
    episodes,
    interval(successRate, percent),
    interval(throughput),
    medianTimeToSuccess === null ? "" : `${number(medianTimeToSuccess)} s`,
  ];
  const names = Object.entries(byTask);
  const rows = names.map(([name, score]) => row(name, score));
  if (names.length > 1) rows.push(row("total", total));
  console.log(table([policy, "episodes", "success rate", "successes per hour", "median time to success"], rows));
  if (jumps)
    console.log(
      `joint targets jump by ${number(jumps.mean)}° on average and ${number(jumps.max)}° at most where one of ${jumps.borders} action chunks takes over from another`,
    );
  const troubled = runs.filter(({ troubles }) => troubles.length > 0);
  if (troubled.length > 0)
    console.log(
      `in ${troubled.length} episodes the policy failed to answer as it should, first (${troubled[0]!.task}, seed ${troubled[0]!.seed}): ${troubled[0]!.troubles[0]}`,
    );
  console.log();
}

function printComparison(comparison: Comparison, policy: string, baseline: string): void {
  const { episodes, successDifference, onlyPolicy, onlyBaseline, p, throughputRatio, failureRatio } = comparison;
  console.log(
    table(
      [`${policy} against ${baseline}`, `on the same ${episodes} episodes`],
      [
        ["difference of success rates", interval(successDifference, percent)],
        ["solved by one alone", `${onlyPolicy} and ${onlyBaseline} (McNemar's exact p = ${number(p)})`],
        [
          "ratio of throughputs",
          throughputRatio ? interval(throughputRatio) : `not estimable: ${baseline} never succeeded`,
        ],
        ["ratio of failures", failureRatio ? interval(failureRatio) : `not estimable: ${baseline} never failed`],
      ],
    ),
  );
}

const percent = (share: number) => `${number(100 * share)} %`;

function interval({ value, low, high }: Estimate, format: (value: number) => string = rounded): string {
  return `${format(value)} (${format(low)} to ${format(high)})`;
}

const rounded = (value: number) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "unbounded");

async function replay(root: string, episode: string, { out }: { out?: string }): Promise<void> {
  const dataset = await openDataset(root);
  try {
    if (episode !== "all" && !/^\d+$/.test(episode))
      throw new PistarError("bad-option", `Expected the number of an episode or "all", got "${episode}"`);
    const indices = episode === "all" ? dataset.episodes.map(({ index }) => index) : [Number(episode)];
    const replays: Replay[] = [];
    await withProgress("replaying", async (progress) => {
      for (const index of indices) {
        const film = out === undefined ? undefined : openFilm(filmPath(out, index, indices.length), dataset.fps);
        replays.push(await replayOnto(film, dataset, index));
        progress(replays.length, indices.length);
      }
    });
    console.log(
      table(
        ["episode", "task", "seed", "recorded", "replayed", "deviation"],
        replays.map((found) => [
          found.episode,
          found.task,
          found.seed,
          found.recorded,
          found.replayed,
          found.deviation,
        ]),
      ),
    );
    const same = replays.filter(({ recorded, replayed }) => recorded === replayed).length;
    console.log(`${same} of ${replays.length} end as they were recorded`);
    if (same < replays.length) process.exitCode = 1;
  } finally {
    await dataset.close();
  }
}

/** Sides of the films' pictures of each camera. */
const side = 240;

/** Replays an episode in its task's world, which renders nothing but the film. */
async function replayOnto(film: Film | undefined, dataset: LeRobotDataset, index: number): Promise<Replay> {
  const { task: name, difficulty, randomise } = assignmentOf(dataset, index);
  const task = taskNamed(name);
  const world = await createTaskWorld(task, { difficulty, randomise, fps: dataset.fps, cameras: [] });
  try {
    const cameras = dataset.cameras.map((feature) => feature.replace("observation.images.", ""));
    const look = () => film?.add(cameras.map((camera) => world.look({ name: camera, width: side, height: side })));
    const found = await replayEpisode(dataset, index, { robot: world, operator: judging(task, world) }, look);
    await film?.finish();
    return found;
  } finally {
    await world.close();
  }
}

/** With several episodes each has its number in the name. */
function filmPath(out: string, episode: number, episodes: number): string {
  if (episodes === 1) return out;
  const { dir, name, ext } = parse(out);
  return join(dir, `${name}-${String(episode).padStart(3, "0")}${ext}`);
}

/** Says on stderr what went wrong in episodes: lost ones, and policies that did not answer as they should. */
function warn(lost: Collection["lost"], collected: Collection["collected"]): void {
  for (const { task, seed, lost: why } of lost) console.error(`lost: ${task}, seed ${seed}: ${why}`);
  for (const { seed, troubles } of collected)
    for (const { step, kind, message } of troubles.slice(0, 1))
      console.error(`seed ${seed}: ${kind} at period ${step}: ${message} (${troubles.length} such)`);
}

/** Runs what can be ended early: on the first Ctrl-C or kill it finishes the episodes in progress, on the second it dies. */
async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const endWatch = onInterrupt((signal) => {
    console.error(`${signal}: finishing the episodes in progress`);
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    controller.abort();
  });
  try {
    return await run(controller.signal);
  } finally {
    endWatch();
  }
}
