#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addDatasetCommands } from "./dataset.ts";

const { version, description } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
  description: string;
};

const program = new Command("pistar")
  .description(description)
  .version(version)
  .showHelpAfterError("(pistar --help lists the commands)")
  .showSuggestionAfterError();

addDatasetCommands(program);

await program.parseAsync();
