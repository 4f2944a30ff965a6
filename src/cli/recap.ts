// pistar recap: the whole of Algorithm 1 with its report.
import { join } from "node:path";
import { type Command, Option } from "commander";
import { openRun, type Preset, presets, recapOptions, runRecap, runVerdict } from "../loop/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { stageProgress } from "./stage-progress.ts";

export function addRecapCommand(program: Command): void {
  const command = program
    .command("recap")
    .description(
      "clone a policy from demonstrations in simulation, let it gather experience, improve it by RECAP, and show whether it got better",
    )
    .addOption(new Option("--preset <preset>", "see below").choices(Object.keys(presets)).default("quick"))
    .option("--out <folder>", "the run's folder (default: runs/recap-PRESET-SEED)");
  addFlags(command, recapOptions)
    .addHelpText(
      "after",
      `
Presets replace these defaults; flags replace both.
${Object.entries(presets)
  .map(([name, { about, options }]) => `  ${name}: ${about}\n${changes(options)}`)
  .join("\n")}

A run that was stopped or killed goes on when the same command is given again.
Its folder ends with report.html and summary.json.`,
    )
    .action((flags: Record<string, unknown>) => recap(command, flags));
}

const changes = (options: object) =>
  Object.entries(options)
    .map(([name, value]) => `    ${name}: ${Array.isArray(value) ? value.join(", ") : value}`)
    .join("\n");

async function recap(command: Command, flags: Record<string, unknown>): Promise<void> {
  const preset = flags.preset as Preset;
  const given = Object.fromEntries(
    Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
  const options = fromFlags(recapOptions, { ...presets[preset].options, ...given });
  const folder = (flags.out as string | undefined) ?? join("runs", `recap-${preset}-${options.seed}`);
  const stopping = new AbortController();
  const stop = () => {
    console.error("Stopping after the episodes in progress, or at the end of a training; press again to stop at once.");
    stopping.abort(new Error("stopped; the same command goes on"));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const progress = stageProgress();
  try {
    const summary = await runRecap(openRun(folder, options, progress, stopping.signal));
    progress.close();
    const { head, detail } = runVerdict(summary);
    console.log(`${[head, detail].filter((part) => part !== "").join(": ")}.`);
    console.log(`Report: ${join(folder, "report.html")}`);
  } finally {
    progress.close();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
