// A process as a file can name it: its number alone may belong to a later process.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export interface ProcessId {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process. It tells a later process with the same number apart. */
  readonly started: string;
}

/** The identity of a running process of this machine. */
export const processId = (pid: number): ProcessId => ({ pid, host: hostname(), started: startOf(pid) });

/** Whether a process still runs. One of another machine is taken to. */
export function isRunning({ pid, host, started }: ProcessId): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return startOf(pid) === started;
}

/** Start time of a process in clock ticks since boot, on Linux; empty elsewhere. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
