// One writer at a time: a lock file that names its process. The lock of a process that no longer runs is taken over.
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { PistarError } from "./error.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, so that a later process with the same number is not mistaken for it. */
  readonly started: string;
}

/** Takes the lock; returns its release, or the process that holds it. */
export function takeLock(path: string): (() => void) | Holder {
  const me: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  const mine = JSON.stringify(me);
  const ticket = `${path}.${me.host}.${me.pid}.${Math.floor(performance.now() * 1e6)}`;
  // Another process that is done may remove the empty folder at any moment.
  do mkdirSync(dirname(path), { recursive: true });
  while (!attempt(() => writeFileSync(ticket, mine), "ENOENT"));
  try {
    for (;;) {
      // link is atomic and, unlike creating the file, never shows an empty lock.
      if (attempt(() => linkSync(ticket, path), "EEXIST")) return () => release(path, mine);
      const text = read(path);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder && isAlive(holder)) return holder;
      takeAway(path, text, ticket);
    }
  } finally {
    rmSync(ticket, { force: true });
  }
}

/**
 * Takes the lock of a folder that one process writes at a time.
 * @param folder named in the error
 * @returns its release
 * @throws PistarError "busy-lock" naming the process that holds it
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

/** Removes a dead process's lock; of several takers one gets the guard, the others look again. */
function takeAway(path: string, text: string, ticket: string): void {
  const guard = `${path}.takeover`;
  if (!attempt(() => linkSync(ticket, guard), "EEXIST")) {
    const holder = parse(read(guard) ?? "");
    if (!holder || !isAlive(holder)) rmSync(guard, { force: true });
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

function isAlive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return startOf(pid) === started;
}

/** Linux's start time of a process in clock ticks since boot; elsewhere the number alone identifies it. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
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

/** Whether `action` went through; the one error it may meet is `tolerated`. */
function attempt(action: () => void, tolerated: string): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === tolerated) return false;
    throw error;
  }
}
