// A command of a run, in a process group of its own. Its output is a log. A record names its process, so that a later pistar can end what a killed
// one left.
//
//     logs/NAME.log             its output, of all attempts
//     processes/NAME.json       its process, as long as it runs
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { isRunning, PistarError, processId, readJsonAs, replaceFile, toJson } from "../../system/index.ts";

export interface RunningCommand {
  /** Settles when the command has ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** The last line that it printed. */
  lastLine(): string;
  /** The error that says how it ended, with the end of its log. */
  failure(what: string): PistarError;
  /** Ends it and all that it has started. */
  stop(): Promise<void>;
}

/** Seconds from the request to end until a process is killed. */
const grace = 10;
/** Lines of a log in an error. */
const shownLines = 20;

// The watcher holds one end of a pipe. When pistar is gone, however it ended, the pipe closes and the watcher ends the group.
const watcher = "{ read -r _ <&3; kill -TERM 0; } & exec 3<&-";

/**
 * Starts a command in a shell.
 * @param folder the run's
 * @param name of its log
 */
export function startCommand(folder: string, name: string, command: string): RunningCommand {
  const log = join(folder, "logs", `${name}.log`);
  const record = join(folder, "processes", `${name}.json`);
  for (const path of [log, record]) mkdirSync(dirname(path), { recursive: true });
  const output = openSync(log, "a");
  writeSync(output, `\n${new Date().toISOString()} $ ${command}\n`);
  const head = statSync(log).size;
  const child = spawn("/bin/sh", ["-c", `${watcher}\n${command}`], {
    detached: true,
    stdio: ["ignore", output, output, "pipe"],
  });
  closeSync(output);
  child.stdio[3]?.on("error", () => {}); // the watcher may be gone first
  const { pid } = child;
  if (pid !== undefined) replaceFile(record, toJson({ ...processId(pid), command }));
  const ended = endOf(child);
  const linesOf = (from: number) =>
    textFrom(log, from)
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== "");
  return {
    ended,
    lastLine: () => linesOf(Math.max(head, statSync(log).size - 4096)).at(-1) ?? "",
    failure(what) {
      const lines = linesOf(Math.max(head, statSync(log).size - 65_536)).slice(-shownLines);
      const said =
        lines.length === 0
          ? "It printed nothing."
          : `Its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}`;
      return new PistarError(
        "command-failed",
        `${name}: ${what}. ${said}\nThe whole is in ${log}. Mend the cause and give the same command again: the run goes on here.`,
        { path: log },
      );
    },
    async stop() {
      if (pid !== undefined) await endGroup(pid);
      child.stdio[3]?.destroy();
      rmSync(record, { force: true });
    },
  };
}

/** A file's text from a byte on. */
function textFrom(path: string, from: number): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, statSync(path).size - from));
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal!));
  });
}

/** Ends a process group: asks, waits, then kills. */
async function endGroup(leader: number): Promise<void> {
  for (const [signal, seconds] of [
    ["SIGTERM", grace],
    ["SIGKILL", 2],
  ] as const) {
    if (!send(leader, signal)) return;
    for (let waited = 0; waited < seconds; waited += 0.05) {
      await sleep(50);
      if (!send(leader, 0)) return;
    }
  }
}

/** Sends a signal to a process group. @returns whether there is one */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const recordSchema = z.object({ pid: z.int().min(2), host: z.string(), started: z.string(), command: z.string() });

/**
 * Ends the commands that a killed pistar has left in a run.
 * @returns them, for a note
 */
export async function endLeftCommands(folder: string): Promise<string[]> {
  const records = join(folder, "processes");
  if (!existsSync(records)) return [];
  const found: string[] = [];
  for (const entry of readdirSync(records, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
    const path = join(entry.parentPath, entry.name);
    const { command, ...id } = readJsonAs(recordSchema, path);
    if (id.host !== hostname()) continue;
    // A group outlives its leader, and keeps the leader's number from other processes.
    const isLeft = isRunning(id) || (!exists(id.pid) && send(id.pid, 0));
    if (isLeft) {
      found.push(`process ${id.pid} (${command})`);
      await endGroup(id.pid);
    }
    rmSync(path, { force: true });
  }
  return found;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
