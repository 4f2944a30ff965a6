// Tables for people: columns aligned, numbers to the right.
import { number } from "../system/index.ts";

/** Rows of cells under a header, as lines of text. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => (typeof cell === "number" ? number(cell) : cell)));
  const widths = header.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const right = header.map((_, at) => rows.length > 0 && rows.every((row) => isNumber(row[at])));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (right[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd();
  return cells.map(line).join("\n");
}

const isNumber = (cell: string | number | undefined) =>
  typeof cell === "number" || /^[−-]?[\d.,]+(e[+-]\d+)?$/.test(cell ?? "");

/** A number of the data itself: five significant digits, whole numbers as they are. */
export function exact(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}
