// pistar dataset: look into, check, convert and export LeRobot datasets.
import { type Command, InvalidArgumentError } from "commander";
import {
  convertDataset,
  exportVersion21,
  type LeRobotDataset,
  listLabels,
  materialize,
  openDataset,
  type Problem,
  piecesOf,
  renaming,
  validateDataset,
} from "../data/index.ts";

import { duration, number } from "../system/index.ts";
import { addEditCommands } from "./dataset-edit.ts";
import { addImport } from "./dataset-import.ts";
import { type Json, print, type Reading, short } from "./dataset-output.ts";
import { type ShowOptions, show } from "./dataset-show.ts";
import { rewriteStats, type StatsOptions, stats } from "./dataset-stats.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";
import { table } from "./table.ts";

/** Options of the copying commands. */
interface Writing extends Reading {
  readonly repair?: boolean;
}

interface ExportOptions extends Writing {
  readonly advantages?: string;
  readonly prompts: boolean;
}

/** Adds the commands of the group. */
export function addDataset(group: Command): void {
  const json = ["--json", "print JSON"] as const;
  const rename = [
    "--rename <stored=name...>",
    "read columns under other names, such as state=observation.state actions=action",
  ] as const;
  const repair = [
    "--repair",
    "take rows in the order of frame_index, and replace impossible timestamps by frame / fps",
  ] as const;

  explain(
    group
      .command("info <root>")
      .description("Show what a dataset holds.")
      .option(...rename)
      .option(...json)
      .action((root: string, options: Reading) => glancing(root, options, (source) => info(source, options))),
    { examples: ["pistar dataset info data/demos"] },
  );

  explain(
    group
      .command("episodes <root>")
      .description("List the episodes.")
      .option(...rename)
      .option(...json)
      .action((root: string, options: Reading) => glancing(root, options, (source) => episodes(source, options))),
    { examples: ["pistar dataset episodes data/demos"] },
  );

  explain(
    group
      .command("show <root> <episode>")
      .description("Print an episode's columns; write its frames or a contact sheet as PNG.")
      .option("--columns <names...>", "columns to print (default: all)")
      .option("--camera <name>", "camera to draw (default: all)")
      .option("--frames <folder>", "write each frame as PNG into a folder")
      .option("--sheet <file>", "write a contact sheet as PNG")
      .option(...rename)
      .option(...json)
      .action((root: string, episode: string, options: ShowOptions) =>
        glancing(root, options, (source) => show(source, whole(episode), options)),
      ),
    { examples: ["pistar dataset show data/demos 0 --columns action --sheet episode.png"] },
  );

  explain(
    group
      .command("stats <root>")
      .description("Print statistics of each feature.")
      .option("--episode <number>", "of one episode", whole)
      .option("--write", "recompute the statistics from the data, write them into meta/, and print what changed")
      .option(...rename)
      .option(...json)
      .action((root: string, options: StatsOptions) =>
        options.write
          ? reading(root, options, (source) => rewriteStats(source, options))
          : glancing(root, options, (source) => stats(source, options)),
      ),
    { examples: ["pistar dataset stats data/demos --episode 3", "pistar dataset stats data/demos --write"] },
  );

  explain(
    group
      .command("validate <root>")
      .description(
        "List everything that is wrong with a dataset. Error: the data cannot be read right. Warning: another consumer is hurt. Note: odd, but " +
          "harmless. Exits with 1 for errors.",
      )
      .option("--strict", "exit with 1 for warnings too")
      .option(...json)
      .action(validate),
    { examples: ["pistar dataset validate data/demos"] },
  );

  explain(
    group
      .command("convert <root> <target>")
      .description("Write a copy in another version of the format. Videos are not re-encoded.")
      .option("--to <version>", "v3.0 or v2.1", version, "v3.0")
      .option(...rename)
      .option(...repair)
      .option(...json)
      .action((root: string, target: string, { to, ...options }: Writing & { to: string }) =>
        reading(root, options, async (source) => {
          const { repair = false } = options;
          await withProgress("converting", (progress) =>
            to === "v3.0"
              ? convertDataset(source, target, { progress, repair, onNote: note })
              : exportVersion21(source, target, { progress, repair, onNote: note }),
          );
          written(target, source, to, options);
        }),
      ),
    { examples: ["pistar dataset convert data/old data/new"] },
  );

  explain(
    group
      .command("export <root> <target>")
      .description(
        "Write a v3.0 copy with the labels inside, for other trainers: Evo-RL's columns, tagged instructions.",
      )
      .option("--advantages <tag>", "advantages to put in (meta/advantages_TAG.parquet)")
      .option("--no-prompts", "leave the instructions as they are")
      .option(...rename)
      .option(...repair)
      .option(...json)
      .action((root: string, target: string, { advantages, prompts, ...options }: ExportOptions) =>
        reading(root, options, async (source) => {
          const copying = { repair: options.repair ?? false, onNote: note };
          await withProgress("exporting", (progress) =>
            materialize(piecesOf(source), target, {
              ...(advantages && { advantages }),
              word: prompts ? "labels" : "none",
              progress,
              ...copying,
            }),
          );
          written(target, source, "v3.0", options);
        }),
      ),
    { examples: ["pistar dataset export data/rollouts data/labelled --advantages default"] },
  );
  explain(group, {
    examples: ["pistar dataset info data/demos", "pistar dataset validate data/demos", "pistar dataset export --help"],
  });
  addImport(group);
  addEditCommands(group);
}

/** Runs a command on an open dataset. */
async function reading(
  root: string,
  { rename, repair }: Writing,
  task: (source: LeRobotDataset) => void | Promise<void>,
  lenient = false,
): Promise<void> {
  const options = { ...(rename && { rename: renaming(rename) }), repair: repair ?? false, lenient };
  const source = await openDataset(root, options);
  try {
    await task(source);
  } finally {
    await source.close();
  }
}

/** The same for commands that only show data. Faults and missing files are noted and stop nothing. */
function glancing(
  root: string,
  options: Reading,
  task: (source: LeRobotDataset) => void | Promise<void>,
): Promise<void> {
  const looking = (source: LeRobotDataset) => {
    for (const problem of source.problems) note(problem);
    const files = source.missingFiles();
    if (files.length > 0)
      note(`${files.length} files are missing: ${files.slice(0, 3).join(", ")}${files.length > 3 ? ", …" : ""}`);
    return task(source);
  };
  return reading(root, options, looking, true);
}

function note(text: string): void {
  console.error(`note: ${text}`);
}

/** What `convert` and `export` say when they are done. */
function written(target: string, { episodes, info }: LeRobotDataset, version: string, { json }: Json): void {
  if (json) print({ target, version, episodes: episodes.length, frames: info.total_frames });
  else console.log(`${target}: ${episodes.length} episodes, ${info.total_frames} frames, ${version}`);
}

async function info(source: LeRobotDataset, { json }: Json): Promise<void> {
  // A missing data file has no known columns.
  const undeclared = await source.undeclared().catch(() => []);
  const labels = { returns: listLabels(source.root, "returns"), advantages: listLabels(source.root, "advantages") };
  const { codebase_version, total_episodes, total_frames, fps } = source.info;
  if (json) return print({ ...source.info, tasks: Object.fromEntries(source.tasks), undeclared, labels });
  console.log(
    table(
      ["dataset", source.root],
      [
        ["version", codebase_version],
        ["robot", source.robotType ?? "not said"],
        ["episodes", String(total_episodes)],
        ["frames", `${number(total_frames)} at ${fps}/s (${duration(total_frames / fps)})`],
        ...[...source.tasks].map(([index, task]) => [`task ${index}`, JSON.stringify(task)]),
        ...Object.entries(labels).flatMap(([kind, tags]) => (tags.length > 0 ? [[kind, tags.join(", ")]] : [])),
        ...(undeclared.length > 0 ? [["undeclared", undeclared.join(", ")]] : []),
      ],
    ),
  );
  const rows = [...source.features].map(([name, { dtype, shape, names, info }]) => {
    const codec = info?.["video.codec"];
    return [
      name,
      codec ? `${dtype} ${codec}` : dtype,
      `[${shape.join(", ")}]`,
      names === null ? "" : short(JSON.stringify(names)),
    ];
  });
  console.log(`\n${table(["feature", "dtype", "shape", "names"], rows)}`);
}

function episodes(source: LeRobotDataset, { json }: Json): void {
  if (json) {
    const listed = source.episodes.map(({ index, length, tasks, extra }) => ({
      index,
      length,
      seconds: length / source.fps,
      tasks,
      ...extra,
    }));
    print(listed);
    return;
  }
  const extras = [...new Set(source.episodes.flatMap(({ extra }) => Object.keys(extra)))];
  const rows = source.episodes.map(({ index, length, tasks, extra }) => [
    String(index),
    String(length),
    number(length / source.fps),
    ...extras.map((name) => String(extra[name] ?? "")),
    tasks.map((task) => JSON.stringify(task)).join(", "),
  ]);
  console.log(table(["episode", "frames", "seconds", ...extras, "tasks"], rows));
}

async function validate(root: string, { json, strict }: Json & { readonly strict?: boolean }): Promise<void> {
  const problems = await withProgress("checking", (progress) => validateDataset(root, progress));
  if (json) print(problems);
  else if (problems.length === 0) console.log(`${root}: nothing wrong`);
  else {
    const rows = problems.map(({ severity, file, episode, column, message }) => [
      severity,
      file,
      String(episode ?? ""),
      column ?? "",
      message,
    ]);
    console.log(table(["", "file", "episode", "column", counted(problems)], rows));
  }
  const failing = problems.filter(({ severity }) => severity === "error" || (strict && severity === "warning"));
  if (failing.length > 0) process.exitCode = 1;
}

/** "2 errors, 1 note" */
function counted(problems: readonly Problem[]): string {
  return (["error", "warning", "note"] as const)
    .map((severity) => [severity, problems.filter((problem) => problem.severity === severity).length] as const)
    .flatMap(([severity, count]) => (count > 0 ? [`${count} ${severity}${count === 1 ? "" : "s"}`] : []))
    .join(", ");
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a number from 0 up");
  return Number(text);
}

function version(text: string): string {
  if (text !== "v3.0" && text !== "v2.1") throw new InvalidArgumentError("expected v3.0 or v2.1");
  return text;
}
