#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addDatasetCommands } from "./dataset.ts";
import { addDevices } from "./devices.ts";
import { addExportCommand } from "./export.ts";
import { exitCodes, failureOf } from "./failure.ts";
import { addGroundCommand } from "./ground.ts";
import { addRecapCommand } from "./recap.ts";
import { addRolloutCommands } from "./rollout.ts";
import { addFilmCommand } from "./run-film.ts";
import { addSeedsCommand } from "./seeds.ts";
import { addServeCommand } from "./serve.ts";
import { addTrainCommands } from "./train.ts";

const { version, description } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
  description: string;
};

const program = new Command("pistar")
  .description(description)
  .version(version)
  .showHelpAfterError("(pistar --help lists the commands)")
  // Commander's own errors are about options and arguments; it has printed them.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes["bad-option"]));
addRecapCommand(program);
addSeedsCommand(program);
addFilmCommand(program);
addDevices(program);
addTrainCommands(program);
addRolloutCommands(program);
addGroundCommand(program);
addServeCommand(program);
addExportCommand(program);
addDatasetCommands(program);

// Whoever reads the output may have seen enough, such as head.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
try {
  await program.parseAsync();
} catch (error) {
  const { message, exitCode } = failureOf(error);
  console.error(`pistar: ${message}`);
  process.exitCode ||= exitCode; // a stop by Ctrl-C has set its own
}
