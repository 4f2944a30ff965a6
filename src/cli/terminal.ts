// Text for a terminal: wrapped between words, warnings in colour.

type Terminal = Pick<NodeJS.WriteStream, "columns" | "isTTY">;

/** Width of text, in characters: the terminal's, 80 where there is none, and at most 100, which is easy to read. */
export const widthOf = ({ columns }: Pick<Terminal, "columns">): number => Math.min(columns || 80, 100);

/**
 * Breaks text at spaces so that no line is longer than `width`; a word that is longer stays whole. Spaces that do not break, as those within a
 * number and its unit, are kept.
 * @param indent before every line but the first, which begins at `start` characters
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

/** Paragraphs of help, an empty line between two. Lines that begin with a space are examples and stay as they are. */
export const paragraphs = (text: string, width: number): string =>
  text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line : wrap(line, width)))
    .join("\n");

/** The word "warning", yellow on a terminal that has colours. */
export const warningWord = ({ isTTY }: Pick<Terminal, "isTTY">): string =>
  isTTY && !process.env.NO_COLOR && process.env.TERM !== "dumb" ? "\u001b[33mwarning\u001b[39m" : "warning";

/** Prints a warning on stderr. */
export const warn = (text: string): void => console.error(`${warningWord(process.stderr)}: ${text}`);
