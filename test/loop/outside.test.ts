// RECAP round a trainer and a server that are not pistar's: commands that pistar knows nothing of.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  openRun,
  plannedCommands,
  type RecapOptions,
  recapOptions,
  runRecap,
  type Summary,
} from "../../src/loop/index.ts";
import { PistarError } from "../../src/system/index.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-outside-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => join(import.meta.dirname, "../fixtures", name);
const tsx = `cd ${folder} && ${process.execPath} --import ${import.meta.resolve("tsx")}`;

const options: Partial<RecapOptions> = {
  tasks: ["cube-in-bowl"],
  demonstrations: 2,
  autonomous: 1,
  corrected: 1,
  evaluation: 1,
  pretrainSteps: 4,
  finetuneSteps: 3,
  valueSteps: 2,
  batchSize: 4,
  workers: 1,
  dropout: 0.3,
  controls: ["filtered", "guided"],
  trainer: `${tsx} ${fixture("outside-train.ts")} {dataset} {from} {out} {steps} {seed}`,
  server: `${tsx} ${fixture("outside-serve.ts")} {checkpoint} {port}`,
  checkpoint: "{out}/checkpoints/*",
};

const run = join(folder, "run");
const training = (name: string) => join(run, "trainings", name);
const checkpointOf = (name: string, steps: number) => join(training(name), "out/checkpoints", String(steps));
const found = (name: string, steps = 3) =>
  JSON.parse(readFileSync(join(checkpointOf(name, steps), "found.json"), "utf8"));
/** The words of instructions: positive, negative, or none. */
const words = (instructions: readonly string[]) =>
  new Set(instructions.map((text) => /\nAdvantage: (.*)$/.exec(text)?.[1] ?? "none"));
/** What a served policy was asked, without the question that waits for it. */
const asked = (name: string) =>
  readFileSync(join(checkpointOf(name, 3), "prompts.txt"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string)
    .filter((prompt) => prompt !== "wait");
const logs = () => readdirSync(join(run, "logs"), { recursive: true }).filter((name) => String(name).endsWith(".log"));

let failed: unknown;
let summary: Summary;
beforeAll(async () => {
  writeFileSync(join(folder, "fail"), "");
  failed = await runRecap(openRun(run, options)).catch((error) => error);
  rmSync(join(folder, "fail"));
  summary = await runRecap(openRun(run, options));
}, 300_000);

test("a trainer that fails is told with its last lines, and the run goes on with its stage", () => {
  expect(failed).toBeInstanceOf(PistarError);
  const { code, message, path } = failed as PistarError;
  expect(code).toBe("command-failed");
  expect(message).toContain("cube-in-bowl/1/recap");
  expect(message).toContain("the trainer ended with exit code 3");
  expect(message).toContain("CUDA out of memory");
  expect(path).toBe(join(run, "logs/cube-in-bowl/1/recap.train.log"));
  const log = readFileSync(path!, "utf8");
  expect(log.match(/^\d{4}-.* \$ cd /gm)).toHaveLength(2); // both attempts
});

test("each training is given its dataset, its words and where to begin", () => {
  const [pre, sft, improved, filtered] = [
    found("pretrain/policy", 4),
    found("cube-in-bowl/0/sft"),
    found("cube-in-bowl/1/recap"),
    found("cube-in-bowl/1/filtered"),
  ];
  expect(pre).toMatchObject({ from: "", seed: "0", version: "v3.0", episodes: 2, indicator: true });
  expect(sft).toMatchObject({ from: checkpointOf("pretrain/policy", 4), episodes: 2 });
  expect(improved.from).toBe(checkpointOf("pretrain/policy", 4));
  expect(words(sft.said)).toEqual(new Set(["none", "positive"])); // dropout leaves some without
  expect(words(improved.said)).toEqual(new Set(["none", "positive", "negative"]));
  expect(improved.episodes).toBeGreaterThanOrEqual(4);
  expect(filtered.from).toBe(checkpointOf("pretrain/policy-wordless", 4));
  expect(words(filtered.said)).toEqual(new Set(["none"]));
});

test("a served policy is told the word as it was trained, and guidance asks twice", () => {
  expect(words(asked("cube-in-bowl/0/sft"))).toEqual(new Set(["positive"]));
  expect(words(asked("cube-in-bowl/1/filtered"))).toEqual(new Set(["none"]));
  expect(words(asked("cube-in-bowl/1/recap"))).toEqual(new Set(["positive", "none"])); // the control guided asks it too
});

test("the report has every arm; logs are kept, datasets and processes are not", () => {
  expect(summary.tasks[0]!.results.map(({ arm, episodes }) => [arm, episodes])).toEqual([
    ["sft", 1],
    ["recap", 1],
    ["filtered", 1],
    ["guided", 1],
  ]);
  expect(existsSync(join(run, "report.html"))).toBe(true);
  expect(logs()).toEqual(
    expect.arrayContaining(["pretrain/policy.train.log", "cube-in-bowl/1/evaluate-recap.serve.log"]),
  );
  expect(existsSync(join(training("cube-in-bowl/1/recap"), "dataset"))).toBe(false);
  expect(
    readdirSync(join(run, "processes"), { recursive: true, withFileTypes: true }).filter((x) => x.isFile()),
  ).toEqual([]);
  expect(running(folder)).toEqual([]);
});

test("the plan names the commands as they ran", () => {
  const planned = plannedCommands(run, recapOptions.parse(options));
  expect(planned.map(({ name }) => name)).toEqual([
    "pretrain/policy",
    "pretrain/policy-wordless",
    "cube-in-bowl/0/sft",
    "cube-in-bowl/0/sft, served",
    "cube-in-bowl/1/recap",
    "cube-in-bowl/1/recap, served",
    "cube-in-bowl/1/filtered",
    "cube-in-bowl/1/filtered, served",
  ]);
  const log = readFileSync(join(run, "logs/cube-in-bowl/1/recap.train.log"), "utf8");
  expect(log).toContain(planned.find(({ name }) => name === "cube-in-bowl/1/recap")!.command);
});

/** Processes of a folder. */
function running(text: string): string[] {
  return execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(text) && !/\bps -eo|vitest/.test(line));
}
