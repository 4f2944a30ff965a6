// The commands that run episodes, as a person calls them.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "../data/index.ts";
import { tasks } from "../sim/index.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-rollout-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const command = ["--import", "tsx", resolve(import.meta.dirname, "main.ts")];

function pistar(...parameters: string[]): string {
  return execFileSync(process.execPath, [...command, ...parameters], { encoding: "utf8", stdio: "pipe" });
}

test("tasks are listed, with a picture each", async () => {
  const pictures = join(folder, "pictures");
  const text = pistar("tasks", "--out", pictures);
  for (const { name, description } of tasks) {
    expect(text).toMatch(new RegExp(`^${name}$`, "m"));
    expect(text.replaceAll("\n  ", " ")).toContain(`${name} ${description}. 20`);
  }
  for (const line of text.split("\n")) if (!line.startsWith(pictures)) expect(line.length).toBeLessThanOrEqual(80);
  expect(readdirSync(pictures).sort()).toEqual(tasks.map(({ name }) => `${name}.png`).sort());
  const { data, info } = await sharp(join(pictures, `${tasks[0]!.name}.png`))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([320, 240]);
  expect(new Set(data).size).toBeGreaterThan(20);
});

test("collect, Ctrl-C, collect again, replay onto each kind of film", async () => {
  const out = join(folder, "dataset");
  const collect = ["collect", "--out", out, "--episodes", "40", "--workers", "1", "--difficulty", "0.1"];
  const child = spawn(process.execPath, [...command, ...collect], { stdio: ["ignore", "pipe", "pipe"] });
  let [said, errors] = ["", ""];
  child.stdout.on("data", (text) => {
    said += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  // The first episode is saved when its folder has its name.
  const saved = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith("episode-000000"));
  while (!saved() && child.exitCode === null) await new Promise((done) => setTimeout(done, 50));
  // As a terminal and npm do it: one Ctrl-C comes twice.
  child.kill("SIGINT");
  while (!errors.includes("SIGINT") && child.exitCode === null) await new Promise((done) => setTimeout(done, 5));
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  expect([code, errors]).toEqual([130, expect.stringContaining("SIGINT: finishing the episodes in progress")]);
  const dataset = await openDataset(out);
  await dataset.close();
  const had = dataset.episodes.length;
  expect(said).toContain(`${had} episodes more`);
  expect(had).toBeGreaterThanOrEqual(1);
  expect(had).toBeLessThan(40);

  collect[collect.indexOf("40")] = String(had + 1);
  expect(pistar(...collect)).toMatch(new RegExp(`1 episodes more, [01] of them successes; ${had} were there`));
  expect(pistar("replay", out, "all")).toContain(`${had + 1} of ${had + 1} end as they were recorded`);
  const film = join(folder, "film");
  for (const kind of ["gif", "png", "mp4"]) pistar("replay", out, "0", "--out", `${film}.${kind}`);
  const gif = await sharp(`${film}.gif`, { animated: true }).metadata();
  expect([gif.width, gif.pageHeight]).toEqual([480, 240]);
  // Every other picture for 80 ms; those that are as the one before are one page with it.
  expect(gif.delay!.reduce((sum, delay) => sum + delay)).toBe(80 * Math.ceil((dataset.episodes[0]!.length + 1) / 2));
  expect(Math.min(...gif.delay!)).toBe(80);
  expect(gif.pages).toBeGreaterThan(20);
  expect((await sharp(`${film}.png`).metadata()).width).toBe(8 * 122);
  expect(readFileSync(`${film}.mp4`).subarray(4, 8).toString()).toBe("ftyp");
  const wrong = spawnSync(process.execPath, [...command, "replay", out, "0", "--out", "film.avi"], {
    encoding: "utf8",
  });
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining(".mp4, .webp, .gif or .png")]);
}, 180_000);

test("eval scores a policy and compares it with another on the same episodes", () => {
  const json = join(folder, "scores.json");
  const episodes = ["--episodes", "3", "--difficulty", "0.1"];
  const text = pistar("eval", "--policy", "demonstrator", "--against", "still", ...episodes, "--json", json);
  expect(text).toContain("demonstrator against still");
  expect(text).toContain("still never succeeded");
  const found = JSON.parse(readFileSync(json, "utf8"));
  expect(found.evaluation.runs.map(({ seed }: { seed: number }) => seed)).toEqual([0, 1, 2]);
  expect(found.baseline.total).toMatchObject({ episodes: 3, successes: 0 });
  expect(found.comparison).toMatchObject({ onlyBaseline: 0, onlyPolicy: found.evaluation.total.successes });
  expect(found.options).toMatchObject({ difficulty: 0.1, resetSeconds: 10 });
}, 120_000);

test("eval with answers that come late says how far targets jump; rtc of a policy that cannot continue chunks is refused", () => {
  const late = ["eval", "--policy", "random", "--episodes", "1", "--latency", "0.1", "--chunking"];
  expect(pistar(...late, "async")).toMatch(/joint targets jump by [\d.]+° on average and [\d.]+° at most/);
  const refused = spawnSync(process.execPath, [...command, ...late, "rtc"], { encoding: "utf8" });
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("continue others for rtc")]);
}, 120_000);
