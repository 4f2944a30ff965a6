// Starts the emulated arm on a pseudo-terminal in a process of its own.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Why there can be no pseudo-terminal here; undefined if there can. */
export function noPty(): string | undefined {
  if (process.platform !== "linux") return "skipped: pseudo-terminals are tested on Linux";
  return spawnSync("socat", ["-V"]).status === 0 ? undefined : "skipped: socat is not installed";
}

export interface PtyArm {
  /** Path of the port. */
  readonly port: string;
  /** What the motors hold now. */
  state(): Promise<readonly { readonly torque: boolean; readonly goal: number; readonly position: number }[]>;
  close(): Promise<void>;
}

export async function startPtyArm(): Promise<PtyArm> {
  const program = join(import.meta.dirname, "../fixtures/emulated-pty.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the emulator has ended");
    return value as string;
  };
  const port = await next();
  return {
    port,
    async state() {
      child.stdin.write("\n");
      return JSON.parse(await next());
    },
    close: () =>
      new Promise((resolve) => {
        child.on("exit", () => resolve());
        child.stdin.end();
      }),
  };
}
