import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { processId } from "../../system/index.ts";
import { endLeftCommands, startCommand } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a process runs; one that has ended and was not waited for does not. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The number that a command writes into a file. */
async function numberIn(file: string): Promise<number> {
  for (let i = 0; i < 400; i++) {
    const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    if (text !== "") return Number(text);
    await sleep(25);
  }
  throw new Error(`Expected a number in ${file}`);
}

async function untilGone(pid: number): Promise<void> {
  for (let i = 0; i < 400 && runs(pid); i++) await sleep(25);
  expect(runs(pid)).toBe(false);
}

test("a command's output is its log, and its failure shows the end of it", async () => {
  const command = startCommand(folder, "task/1/a.train", "echo one; seq 30 >&2; exit 4");
  expect(await command.ended).toBe(4);
  expect(command.lastLine()).toBe("30");
  const { code, message, path } = command.failure("it ended with exit code 4");
  expect(code).toBe("command-failed");
  expect(path).toBe(join(folder, "logs/task/1/a.train.log"));
  expect(message).toContain("    11\n");
  expect(message).not.toContain("    10\n");
  expect(readFileSync(path!, "utf8")).toMatch(/^\n\d{4}-\S+ \$ echo one; .*\none\n1\n/);
  await command.stop();
  const silent = startCommand(folder, "b", "exit 1");
  await silent.ended;
  expect(silent.failure("it ended").message).toContain("It printed nothing.");
  await silent.stop();
});

test("stop ends all that a command has started", async () => {
  const file = join(folder, "child");
  const command = startCommand(folder, "c", `sleep 1000 & echo $! > ${file}; wait`);
  const child = await numberIn(file);
  expect(runs(child)).toBe(true);
  await command.stop();
  await untilGone(child);
  expect(existsSync(join(folder, "processes/c.json"))).toBe(false);
});

test.runIf(process.platform === "linux")("a command ends when pistar is killed", async () => {
  const [file, script] = [join(folder, "orphan"), join(folder, "killed.ts")];
  const source = `import { startCommand } from ${JSON.stringify(join(import.meta.dirname, "command.ts"))};
    startCommand(${JSON.stringify(folder)}, "d", "echo $$ > ${file}; sleep 1000");
    setInterval(() => {}, 1000);`;
  writeFileSync(script, source);
  const parent = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script], { stdio: "ignore" });
  const orphan = await numberIn(file);
  parent.kill("SIGKILL");
  await untilGone(orphan);
});

test.runIf(process.platform === "linux")("the next start ends what a killed run left, and nothing else", async () => {
  const run = join(folder, "left");
  const record = (name: string, id: object) => {
    mkdirSync(join(run, "processes/task"), { recursive: true });
    writeFileSync(join(run, "processes/task", name), JSON.stringify({ ...id, command: "serve" }));
  };
  const start = () => spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).pid!;
  const [left, foreign] = [start(), start()];
  record("left.json", processId(left));
  record("other.json", { ...processId(foreign), started: "1" }); // a later process with the same number
  record("remote.json", { ...processId(foreign), host: "elsewhere" });
  try {
    expect(await endLeftCommands(run)).toEqual([`process ${left} (serve)`]);
    await untilGone(left);
    expect(runs(foreign)).toBe(true);
    expect(readdirSync(join(run, "processes/task"))).toEqual(["remote.json"]);
  } finally {
    process.kill(foreign, "SIGKILL");
  }
});
