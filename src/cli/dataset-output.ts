// What the commands of `pistar dataset` share: options of reading, and output.

export interface Json {
  readonly json?: boolean;
}

/** Options of the reading commands. */
export interface Reading extends Json {
  /** `stored=name`, as --rename takes them. */
  readonly rename?: readonly string[];
}

/** Prints JSON. Bigints become numbers. */
export function print(value: unknown): void {
  console.log(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? Number(item) : item), 2));
}

/** A text for a cell of a table, at most 60 characters. */
export function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
