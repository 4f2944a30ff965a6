// Writes small files so that they survive a kill: under another name, flushed to the disk, then renamed over the old one.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromSystem } from "./error.ts";

/** Flushes a file's bytes or a folder's names to the disk. */
export function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Renames `from`, already flushed, to `to`, and creates the folder. The new name is on the disk when this returns. */
export function moveInto(from: string, to: string): void {
  makeFolder(dirname(to));
  renameSync(from, to);
  sync(dirname(to));
}

/** Creates a folder and its parents. All are on the disk when this returns. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
  sync(dirname(folder));
}

/**
 * Replaces a file as a whole. A reader sees the old or the new bytes, never a part.
 * @throws PistarError full-disk or no-access; the old file stays
 */
export function replaceFile(path: string, bytes: string | Uint8Array): void {
  const temporary = `${path}.tmp`;
  try {
    makeFolder(dirname(path));
    writeFileSync(temporary, bytes, { flush: true });
    moveInto(temporary, path);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary);
    throw fromSystem(error, path);
  }
}
