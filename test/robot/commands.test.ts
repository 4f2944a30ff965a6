// The commands of `pistar robot` on the emulated arm, as a user gives them.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bar } from "../../src/cli/robot/calibrate.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pistar-robot-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "so101.json");

function robot(args: readonly string[], input = ""): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const parameters = ["--import", "tsx", join(root, "src/cli/main.ts"), "robot", ...args];
    const child = execFile(process.execPath, parameters, { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

test("setup, rest pose, show, move: each says what comes next or what is wrong", async () => {
  const setup = await robot(["setup", file, "--port", "emulated", "--id", "mine", "--units", "normalised"]);
  expect(setup.stdout).toContain(`${file}: written; next: pistar robot calibrate ${file} --rest`);
  expect(await robot(["move", file, "rest"])).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("no rest pose"),
  });
  const rest = await robot(["calibrate", file, "--rest"], "\n\n");
  expect(rest.stdout).toContain("rest pose 0, -88.8, 82.8, 60.3, 0, 9.1");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ id: "mine", fps: 25, rest: { elbow_flex: 82.8 } });
  const show = await robot(["show", file]);
  expect(show.stdout).toMatch(/shoulder_pan\s+0\.0\s+2047\s+\S+ %\s+0\.00 A\s+31 °C\s+7\.4 V\s+ok/);
  const moved = await robot(["move", file, "gripper=50"]);
  expect(moved.stdout).toMatch(/gripper=4[89]\./);
  expect(await robot(["teleoperate", file])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("it has no leader"),
  });
});

test("the live bar of a joint", () => {
  expect(bar({ joint: "gripper", position: 2047, least: 1024, greatest: 3071 })).toBe(
    "gripper       ........=======|========........ 1024 to 3071 ok",
  );
});
