// Text for a terminal: wrapped between words, warnings in colour.

type Terminal = Pick<NodeJS.WriteStream, "columns" | "isTTY">;

/** Width of text, in characters: the terminal's, or 80 without one; at most 100, for easy reading. */
export const widthOf = ({ columns }: Pick<Terminal, "columns">): number => Math.min(columns || 80, 100);

/**
 * Breaks text at spaces into lines of at most `width` characters. A longer word stays whole. So does a number with its unit: the space between
 * them does not break.
 * @param indent before every line but the first
 * @param start characters before the first line
 */
export function wrap(text: string, width: number, indent = "", start = indent.length): string {
  const lines: string[] = [];
  let line = "";
  let room = width - start;
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      [line, room] = [word, width - indent.length];
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

/** Wraps the lines of a help text. Lines with a space at the start stay as they are. */
export const paragraphs = (text: string, width: number): string =>
  text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line : wrap(line, width)))
    .join("\n");

/** The word "warning", yellow on a terminal with colours. */
export const warningWord = ({ isTTY }: Pick<Terminal, "isTTY">): string =>
  isTTY && !process.env.NO_COLOR && process.env.TERM !== "dumb" ? "\u001b[33mwarning\u001b[39m" : "warning";

/** Prints a warning on stderr. */
export const warn = (text: string): void => console.error(`${warningWord(process.stderr)}: ${text}`);
