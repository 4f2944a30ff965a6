import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** Runs the CLI as a user would. */
function pistar(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", join(root, "src/cli/main.ts"), ...args],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}

test("--help lists the commands, --version is the package's", async () => {
  const help = await pistar("--help");
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("devices");
  expect((await pistar("--version")).stdout.trim()).toBe(version);
});

test("a wrong command suggests the nearest", async () => {
  const { code, stderr } = await pistar("devics");
  expect(code).toBe(2);
  expect(stderr).toContain("Did you mean devices?");
});

test("devices: the CPU is always there, and what is missing is explained", async () => {
  const { stdout } = await pistar("devices", "--json");
  const found = JSON.parse(stdout) as { device: string; available: boolean; reason?: string }[];
  expect(found.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
  expect(found[0]).toEqual({ device: "cpu", available: true });
  for (const { available, reason } of found) expect(available || reason?.includes("needs")).toBe(true);
});

test("whoever reads the output may stop: no error", async () => {
  const line = `set -o pipefail; "$0" --import tsx src/cli/main.ts tasks | true`;
  const error = await new Promise((resolve) => {
    execFile("bash", ["-c", line, process.execPath], { cwd: root }, (error, _, stderr) => resolve(error ?? stderr));
  });
  expect(error).toBe("");
});

test("a full disk: what to do about it is said", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-full-"));
  try {
    symlinkSync("/dev/full", join(folder, "cube-in-bowl.png"));
    const { code, stderr } = await pistar("tasks", "--out", folder);
    expect(code).toBe(10);
    expect(stderr).toContain("no space left on device");
    expect(stderr).toContain("Make room and give the command again");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("seeds: a folder and a file as one table; what is no summary is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-seeds-"));
  try {
    const summary = (seed: number, rate: number) => {
      const results = [{ arm: "sft", iteration: 0, successRate: { value: rate, low: 0, high: 1 } }];
      return JSON.stringify({
        options: { seed, tasks: ["cube-in-bowl"], pretrainTasks: [] },
        tasks: [{ task: "cube-in-bowl", results }],
      });
    };
    writeFileSync(join(folder, "summary.json"), summary(0, 0.25));
    writeFileSync(join(folder, "other.json"), summary(1, 0.35));
    const { stdout } = await pistar("seeds", folder, join(folder, "other.json"));
    // 30 ± 12.706 · 5 points, cut at 0.
    expect(stdout.split("\n")[1]).toMatch(/^sft +25\s% 35\s% {2,}30\s%\s\(0\s…\s94\)$/);
    const wrong = await pistar("seeds", folder, join(root, "package.json"));
    expect(wrong).toMatchObject({ code: 4, stdout: "" });
    expect(wrong.stderr).toContain("package.json:\n  options: expected an object, got nothing");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
