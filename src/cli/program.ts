// The program `pistar` with all its commands. Only the called command has its flags and its action.
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { commands } from "./commands.ts";
import { exitCodes } from "./failure.ts";
import { layOutHelp } from "./help.ts";

const { version, description } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
  description: string;
};

/** @param called the name of the command to load */
export async function createProgram(called: string | undefined): Promise<Command> {
  const program = layOutHelp(new Command("pistar"))
    .description(description)
    .version(version)
    .showHelpAfterError("(pistar --help lists the commands)")
    // Commander's own errors are about options and arguments; it has printed them.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes["bad-option"]))
    .addHelpText("after", "\npistar COMMAND --help explains a command. docs/errors.md lists the exit codes.");
  for (const { name, arguments: given, group, summary, load } of commands) {
    const command = program
      .command(`${name} ${given}`.trim())
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .helpGroup(group)
      .showHelpAfterError(`(pistar ${name} --help explains its options)`);
    if (name === called) (await load())(command);
  }
  return program.addHelpCommand(new Command("help").argument("[command]").description("explain a command"));
}
