import { mkdtempSync } from "node:fs";
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
  const run = openRun(folder, { guidance: 1.5 });
  const given: ArmInput = { run, task: "cube", iteration: 2, dataset: "data", labels: "tag", pretrained: "pre" };
  const opened = [sft, recap, ...controls].map((arm) => {
    const { policy, advantageIndicator, guidance } = arm.open(given);
    return [arm.name, policy.slice(folder.length + 1), advantageIndicator, guidance];
  });
  expect(opened).toEqual([
    ["sft", "trainings/cube/2/sft", "positive", 1],
    ["recap", "trainings/cube/2/recap", "positive", 1],
    ["all-data", "trainings/cube/2/all-data", "none", 1],
    ["filtered", "trainings/cube/2/filtered", "none", 1],
    ["awr", "trainings/cube/2/awr", "none", 1],
    ["no-corrections", "trainings/cube/2/no-corrections", "positive", 1],
    ["random-labels", "trainings/cube/2/random-labels", "positive", 1],
    ["guided", "trainings/cube/2/recap", "positive", 1.5],
  ]);
});
