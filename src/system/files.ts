// Files that survive a kill: written under another name, flushed to the disk, then renamed over the old one.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { foreignFile } from "./foreign-file.ts";

/** Flushes a file's bytes, or a folder's list of names, to the disk. */
export function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Renames `from` (already flushed) to `to`, creating the folder; after the return the new name is on the disk. */
export function moveInto(from: string, to: string): void {
  makeFolder(dirname(to));
  renameSync(from, to);
  sync(dirname(to));
}

/** Creates a folder and those above it, each on the disk when this returns. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
  sync(dirname(folder));
}

/** Replaces a file as a whole: a reader sees the old or the new bytes, never a part. */
export function replaceFile(path: string, bytes: string | Uint8Array): void {
  const temporary = `${path}.tmp`;
  makeFolder(dirname(path));
  try {
    writeFileSync(temporary, bytes, { flush: true });
    moveInto(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A JSON file's value. Python's bare NaN and Infinity are read as numbers. The error names the file and says what it is. */
export function readJson(path: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  const text = readText(path);
  try {
    return parseJson(text, reviver);
  } catch (error) {
    const got = foreignFile(path) ?? `${JSON.stringify(text.slice(0, 40))} (${(error as Error).message})`;
    throw new Error(`${path}: expected JSON, got ${got}`);
  }
}

/** A file of one JSON value a line; empty lines are skipped. */
export function readJsonLines(path: string): unknown[] {
  const lines = readText(path).split("\n");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    try {
      return [parseJson(line)];
    } catch (error) {
      const got =
        (at === 0 && foreignFile(path)) || `${JSON.stringify(line.slice(0, 40))} (${(error as Error).message})`;
      throw new Error(`${path}, line ${at + 1}: expected JSON, got ${got}`);
    }
  });
}

const notFinite: Readonly<Record<string, number>> = { NaN, Infinity: Infinity, "-Infinity": -Infinity };
/** Stands for a bare NaN or Infinity until it is revived: no JSON text can hold this character unescaped. */
const mark = "\u0001";

/** JSON.parse that also takes the NaN, Infinity and -Infinity that Python's json module writes. */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch (error) {
    const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
      token in notFinite ? `"\\u0001${token}"` : token,
    );
    if (marked === text) throw error;
    return JSON.parse(marked, (key, value: unknown) => {
      const number = typeof value === "string" && value.startsWith(mark) ? notFinite[value.slice(1)] : undefined;
      return number ?? (reviver ? reviver(key, value) : value);
    });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: expected a readable file (${(error as NodeJS.ErrnoException).code})`);
  }
}
