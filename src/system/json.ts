// JSON files. JSON has no NaN and no infinity. Like protobuf's JSON, pistar writes them as the strings "NaN", "Infinity" and "-Infinity"; the schema
// `anyNumber` reads them back.
import { readFileSync } from "node:fs";
import * as z from "zod";
import { checked } from "./check.ts";
import { PistarError, readError } from "./error.ts";
import { foreignFile } from "./foreign-file.ts";

/** A value as JSON. Numbers that are not finite become strings. */
export function toJson(value: unknown, indent?: number): string {
  const replace = (_: string, item: unknown) =>
    typeof item === "number" && !Number.isFinite(item) ? String(item) : item;
  return JSON.stringify(value, replace, indent);
}

const notFinite: ReadonlyMap<unknown, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((number) => [String(number), number]),
);

/** A number as `toJson` writes it, finite or not. */
export const anyNumber = z.unknown().transform((input, context): number => {
  const number = typeof input === "number" ? input : notFinite.get(input);
  if (number !== undefined) return number;
  context.addIssue({ code: "custom", message: 'a number, "NaN", "Infinity" or "-Infinity"' });
  return z.NEVER;
});

/** Stands for a bare NaN or Infinity until it is revived: no JSON text can hold this character unescaped. */
const mark = "\u0001";

/** JSON.parse that also takes the bare NaN, Infinity and -Infinity of Python's json module. */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch (error) {
    const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
      notFinite.has(token) ? `"\\u0001${token}"` : token,
    );
    if (marked === text) throw error;
    return JSON.parse(marked, (key, value: unknown) => {
      const number = typeof value === "string" && value.startsWith(mark) ? notFinite.get(value.slice(1)) : undefined;
      return number ?? (reviver ? reviver(key, value) : value);
    });
  }
}

/**
 * A JSON file's value.
 * @throws PistarError with the file's path: missing-file, no-access or damaged-file
 */
export function readJson(path: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  const text = readText(path);
  try {
    return parseJson(text, reviver);
  } catch (error) {
    throw damaged(path, foreignFile(path) ?? shown(text, error), path, error);
  }
}

/**
 * A JSON file's value, checked.
 * @throws PistarError listing each wrong field of the file
 */
export const readJsonAs = <Schema extends z.ZodType>(schema: Schema, path: string): z.output<Schema> =>
  checked(schema, readJson(path), path);

/** The values of a file with one JSON value a line; empty lines are skipped. */
export function readJsonLines(path: string): unknown[] {
  const lines = readText(path).split("\n");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    try {
      return [parseJson(line)];
    } catch (error) {
      throw damaged(`${path}, line ${at + 1}`, (at === 0 && foreignFile(path)) || shown(line, error), path, error);
    }
  });
}

const shown = (text: string, error: unknown) => `${JSON.stringify(text.slice(0, 40))} (${(error as Error).message})`;

const damaged = (where: string, got: string, path: string, cause: unknown) =>
  new PistarError("damaged-file", `${where}: expected JSON, got ${got}`, { path, cause });

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw readError(path, "a readable file", error);
  }
}
