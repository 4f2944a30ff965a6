import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addRunPolicy, findRunPolicy, runTasks } from "./run-policies.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-run-policies-"));
afterAll(() => rmSync(folder, { recursive: true }));

const policy = (arm: string, iteration: number, guidance = 1) => ({
  arm,
  iteration,
  folder: `trainings/${iteration}/${arm}`,
  advantageIndicator: "positive" as const,
  guidance,
});

test("a run stands for its latest RECAP policy; tasks and arms have names", () => {
  const run = join(folder, "one");
  addRunPolicy(run, "cube", policy("sft", 0));
  expect(findRunPolicy(run)!.folder).toBe(join(run, "trainings/0/sft"));
  for (const iteration of [1, 2]) addRunPolicy(run, "cube", policy("recap", iteration));
  addRunPolicy(run, "cube", policy("guided", 2, 2));
  addRunPolicy(run, "cube", policy("recap", 2));
  expect(findRunPolicy(run)!.folder).toBe(join(run, "trainings/2/recap"));
  expect(findRunPolicy(`${run}:cube`)).toEqual(findRunPolicy(run));
  expect(findRunPolicy(`${run}:cube:sft`)!.folder).toBe(join(run, "trainings/0/sft"));
  expect(findRunPolicy(`${run}:cube:guided`)!.asked).toEqual({ advantageIndicator: "positive", guidance: 2 });
  expect(() => findRunPolicy(`${run}:cube:awr`)).toThrow(`${run}:cube:sft`);
  expect(() => findRunPolicy(`${run}:peg`)).toThrow(`expected one of ${run}:cube`);
});

test("with several tasks the task is asked for; a folder with a colon stands for itself", () => {
  const run = join(folder, "two:b");
  addRunPolicy(run, "cube", policy("recap", 1));
  addRunPolicy(run, "peg", policy("recap", 1));
  expect(runTasks(run)).toEqual(["cube", "peg"]);
  expect(() => findRunPolicy(run)).toThrow(`expected one of ${run}:cube, ${run}:peg`);
  expect(findRunPolicy(`${run}:peg`)!.folder).toBe(join(run, "trainings/1/recap"));
});

test("what is no run is left to others", () => {
  mkdirSync(join(folder, "checkpoint"));
  for (const spec of [join(folder, "checkpoint"), join(folder, "nowhere"), "random", "ws://host:8000"])
    expect(findRunPolicy(spec)).toBeUndefined();
});
