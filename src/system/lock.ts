// A lock for one writer at a time: a file that names its process. A dead process's lock is taken over.
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PistarError } from "./error.ts";
import { isRunning, type ProcessId, processId } from "./process-id.ts";

/** Takes the lock. @returns a function to release it, or the process that holds it */
export function takeLock(path: string): (() => void) | ProcessId {
  const me = processId(process.pid);
  const mine = JSON.stringify(me);
  const ticket = `${path}.${me.host}.${me.pid}.${Math.floor(performance.now() * 1e6)}`;
  // Another process may remove the empty folder at any moment.
  do mkdirSync(dirname(path), { recursive: true });
  while (!attempt(() => writeFileSync(ticket, mine), "ENOENT"));
  try {
    for (;;) {
      // link is atomic. Creating the file would show an empty lock for a moment.
      if (attempt(() => linkSync(ticket, path), "EEXIST")) return () => release(path, mine);
      const text = read(path);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder && isRunning(holder)) return holder;
      takeAway(path, text, ticket);
    }
  } finally {
    rmSync(ticket, { force: true });
  }
}

/**
 * Takes the lock of a folder that one process writes at a time.
 * @param folder named in the error
 * @returns a function to release the lock
 * @throws PistarError "busy-lock" naming the lock's process
 */
export function holdLock(path: string, folder: string): () => void {
  const taken = takeLock(path);
  if (typeof taken === "function") return taken;
  throw new PistarError(
    "busy-lock",
    `${folder}: process ${taken.pid} on ${taken.host} is writing there; wait for it or end it`,
    { path: folder },
  );
}

/** Removes a dead process's lock. Of several takers one gets the guard; the others try again. */
function takeAway(path: string, text: string, ticket: string): void {
  const guard = `${path}.takeover`;
  if (!attempt(() => linkSync(ticket, guard), "EEXIST")) {
    const holder = parse(read(guard) ?? "");
    if (!holder || !isRunning(holder)) rmSync(guard, { force: true });
    return;
  }
  try {
    if (read(path) === text) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function release(path: string, mine: string): void {
  if (read(path) === mine) attempt(() => unlinkSync(path), "ENOENT");
}

function parse(text: string): ProcessId | undefined {
  try {
    return JSON.parse(text) as ProcessId;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether `action` succeeded. An error with another code than `tolerated` is thrown. */
function attempt(action: () => void, tolerated: string): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === tolerated) return false;
    throw error;
  }
}
