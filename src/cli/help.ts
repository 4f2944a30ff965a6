// The layout of `--help`: essential flags first, then advanced ones, then text and examples. All is wrapped to the terminal.
import type { Command, Help } from "commander";
import { paragraphs, widthOf, wrap } from "./terminal.ts";

/** Characters of the column with flags and commands. */
const column = 26;

/** Sets the layout for a program and all its commands. */
export function layOutHelp(program: Command): Command {
  return program
    .configureOutput({ getOutHelpWidth: () => widthOf(process.stdout), getErrHelpWidth: () => widthOf(process.stderr) })
    .configureHelp({ padWidth: () => column, formatItem, subcommandTerm: (command) => termOf(command) });
}

/** A flag and its description; a long flag has a line of its own. */
function formatItem(term: string, _: number, description: string, { helpWidth = 80 }: Help): string {
  const indent = " ".repeat(column + 4);
  const text = wrap(description, helpWidth, indent);
  if (description === "") return `  ${term}`;
  return term.length > column ? `  ${term}\n${indent}${text}` : `  ${term.padEnd(column + 2)}${text}`;
}

function termOf(command: Command): string {
  const given = command.registeredArguments.map((argument) => `<${argument.name()}${argument.variadic ? "..." : ""}>`);
  return [command.name(), ...given].join(" ");
}

export interface Explanation {
  /** Paragraphs. Lines with a space at the start stay as they are. */
  readonly text?: readonly string[];
  /** Command lines; a comment begins with #. */
  readonly examples: readonly string[];
}

/** Breaks a long command line before a flag, with the shell's backslash. */
function foldExample(line: string): string {
  const lines: string[] = [];
  for (const part of line.split(/ (?=--)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < 74) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines.join(" \\\n      ");
}

/** Adds text and examples after the flags. */
export function explain(command: Command, { text, examples }: Explanation): Command {
  return command.addHelpText("after", () => {
    const shown = examples.map((line) => `  ${foldExample(line)}`).join("\n");
    const said = text === undefined ? "" : `\n${paragraphs(text.join("\n\n"), widthOf(process.stdout))}\n`;
    return `${said}\nExamples:\n${shown}`;
  });
}
