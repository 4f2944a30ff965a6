import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
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
  expect(code).toBe(1);
  expect(stderr).toContain("Did you mean devices?");
});

test("devices: the CPU is always there, and what is missing is explained", async () => {
  const { stdout } = await pistar("devices", "--json");
  const found = JSON.parse(stdout) as { device: string; available: boolean; reason?: string }[];
  expect(found.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
  expect(found[0]).toEqual({ device: "cpu", available: true });
  for (const { available, reason } of found) expect(available || reason?.includes("needs")).toBe(true);
});
