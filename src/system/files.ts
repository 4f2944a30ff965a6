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

/** A JSON file's value; the error names the file. */
export function readJson(path: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text, reviver);
  } catch (error) {
    throw new Error(`${path}: expected JSON, got ${JSON.stringify(text.slice(0, 40))} (${(error as Error).message})`);
  }
}

/** A file of one JSON value a line; empty lines are skipped. */
export function readJsonLines(path: string): unknown[] {
  const lines = readText(path).split("\n");
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch (error) {
      throw new Error(`${path}, line ${at + 1}: expected JSON (${(error as Error).message})`);
    }
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: expected a readable file (${(error as NodeJS.ErrnoException).code})`);
  }
}
