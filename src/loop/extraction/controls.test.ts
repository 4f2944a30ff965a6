import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRun } from "../open-run.ts";
import type { ArmInput } from "./arm.ts";
import { controls } from "./controls.ts";
import { recap } from "./recap.ts";
import { sft } from "./sft.ts";

test("every arm opens its own training and asks it as it was trained; the guided one is RECAP's policy with β", () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-arms-"));
  const run = openRun(folder, { guidance: 1.5, temperatures: [0.1, 0.2] });
  const stages = join(folder, "stages", "cube", "2");
  mkdirSync(stages, { recursive: true });
  writeFileSync(join(stages, "awr-temperature.json"), JSON.stringify({ seconds: 1, result: 1 }));
  const given = { run, task: "cube", iteration: 2, dataset: "data", labels: "tag" } as ArmInput;
  const opened = [sft, recap, ...controls].map((arm) => {
    const { policy, advantageIndicator, guidance } = arm.open(given);
    return [arm.name, policy.slice(folder.length + 1), advantageIndicator, guidance];
  });
  expect(opened).toEqual([
    ["sft", "trainings/cube/2/sft", "positive", 1],
    ["recap", "trainings/cube/2/recap", "positive", 1],
    ["all-data", "trainings/cube/2/all-data", "none", 1],
    ["filtered", "trainings/cube/2/filtered", "none", 1],
    ["filtered-autonomous", "trainings/cube/2/filtered-autonomous", "none", 1],
    ["awr", "trainings/cube/2/awr-0.2", "none", 1],
    ["no-corrections", "trainings/cube/2/no-corrections", "positive", 1],
    ["autonomous-alone", "trainings/cube/2/autonomous-alone", "positive", 1],
    ["corrections-alone", "trainings/cube/2/corrections-alone", "positive", 1],
    ["random-labels", "trainings/cube/2/random-labels", "positive", 1],
    ["other-episodes", "trainings/cube/2/other-episodes", "positive", 1],
    ["clock", "trainings/cube/2/clock", "positive", 1],
    ["oracle", "trainings/cube/2/oracle", "positive", 1],
    ["strict", "trainings/cube/2/strict", "positive", 1],
    ["guided", "trainings/cube/2/recap", "positive", 1.5],
  ]);
});
