// The dataset commands as a person calls them.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "pistar-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const main = resolve(import.meta.dirname, "main.ts");
const fixture = resolve(import.meta.dirname, "../../test/fixtures/g1-bottle");

function pistar(...parameters: string[]): string {
  return execFileSync(process.execPath, ["--import", "tsx", main, "dataset", ...parameters], {
    encoding: "utf8",
    stdio: "pipe",
  });
}

test("info and episodes, as tables and as JSON", () => {
  const text = pistar("info", fixture);
  expect(text).toMatch(/robot\s+Unitree_G1_Inspire/);
  expect(text).toMatch(/observation\.images\.cam_high\s+video av1\s+\[480, 640, 3\]/);
  expect(JSON.parse(pistar("info", fixture, "--json"))).toMatchObject({ fps: 30, total_frames: 60, undeclared: [] });
  expect(pistar("episodes", fixture)).toMatch(/^ +1 +30 +1 +"Pick up the yellow bottle on the table\."$/m);
  expect(JSON.parse(pistar("episodes", fixture, "--json"))).toHaveLength(2);
});

test("show prints columns and writes frames and a contact sheet", async () => {
  const sheet = join(folder, "sheet.png");
  const frames = join(folder, "frames");
  const columns = JSON.parse(
    pistar("show", fixture, "1", "--columns", "action", "frame_index", "--sheet", sheet, "--frames", frames, "--json"),
  );
  expect(columns.frame_index[29]).toEqual([29]);
  expect(columns.action[0]).toHaveLength(26);
  expect(readdirSync(frames)).toHaveLength(30);
  expect(await sharp(join(frames, "frame-000000.png")).metadata()).toMatchObject({ width: 640, height: 480 });
  const { width, height } = await sharp(sheet).metadata();
  expect([width, height]).toEqual([8 * 162, 3 * 122]);
});

test("convert, stats and validate; a broken dataset exits with 1 and the list", () => {
  const root = join(folder, "v3");
  expect(pistar("convert", fixture, root)).toContain("2 episodes, 60 frames, v3.0");
  expect(pistar("validate", root)).toContain("nothing wrong");
  expect(pistar("stats", root)).toMatch(/^action\[25\]\s+60\s/m);
  expect(JSON.parse(pistar("stats", root, "--episode", "1", "--json")).timestamp.count).toBe(30);
  const broken = join(folder, "broken");
  cpSync(root, broken, { recursive: true });
  rmSync(join(broken, "videos"), { recursive: true });
  const result = spawnSync(process.execPath, ["--import", "tsx", main, "dataset", "validate", broken, "--json"], {
    encoding: "utf8",
  });
  expect(result.status).toBe(1);
  expect(JSON.parse(result.stdout)).toMatchObject([{ episode: 0, message: "the video is missing" }, { episode: 1 }]);
  const missing = spawnSync(process.execPath, ["--import", "tsx", main, "dataset", "info", folder], {
    encoding: "utf8",
  });
  expect([missing.status, missing.stderr]).toEqual([
    3,
    `pistar: ${folder}: expected a LeRobot dataset (a folder with meta/info.json)\n`,
  ]);
}, 120_000);

test("export needs the labels it is asked for", () => {
  const parameters = ["--import", "tsx", main, "dataset", "export", fixture, join(folder, "exported")];
  const result = spawnSync(process.execPath, [...parameters, "--advantages", "none"], { encoding: "utf8" });
  expect(result.status).toBe(3);
  expect(result.stderr).toContain('expected advantages with the tag "none", it has none; pistar label');
  expect(pistar(...parameters.slice(4))).toContain("2 episodes");
}, 120_000);

test("edit writes a new dataset, stats --write mends statistics, names are checked", () => {
  const target = join(folder, "edited");
  expect(pistar("edit", "delete", fixture, target, "--episodes", "0")).toContain("1 episodes");
  expect(JSON.parse(pistar("episodes", target, "--json"))).toMatchObject([{ index: 0, length: 30 }]);
  expect(pistar("stats", target, "--write")).toContain("nothing changed");
  expect(pistar("info", target, "--rename", "action=actions", "--json")).toContain('"actions"');
  const run = (...parameters: string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", main, "dataset", ...parameters], { encoding: "utf8" });
  const renamed = join(folder, "renamed");
  pistar("edit", "keep", fixture, renamed, "--episodes", "1", "--rename", "action=actions");
  expect(pistar("info", renamed, "--json")).toContain('"actions"');
  const escaping = run("edit", "split", fixture, join(folder, "parts"), "--parts", "../evil=0.5", "b=0.5");
  expect([escaping.status, escaping.stderr]).toEqual([2, expect.stringContaining('without a path, got "../evil"')]);
  const within = run("edit", "keep", target, join(target, "sub"), "--episodes", "0");
  expect([within.status, within.stderr]).toEqual([2, expect.stringContaining("a folder outside of datasets")]);
  const again = run("edit", "delete", fixture, target, "--episodes", "0");
  expect([again.status, again.stderr]).toEqual([7, expect.stringContaining("expected a folder that is new or empty")]);
  expect(run("edit", "delete", fixture, join(folder, "none"), "--episodes", "7").stderr).toContain(
    "one of its 2 episodes, got 7",
  );
}, 120_000);
