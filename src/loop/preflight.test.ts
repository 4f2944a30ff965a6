import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PistarError } from "../system/index.ts";
import { recapOptions } from "./options.ts";
import { checkRoom, gigabytes, needsOf } from "./preflight.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-preflight-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("needs by hand: two tasks, two iterations, three controls of which one trains nothing", () => {
  const options = recapOptions.parse({
    tasks: ["cube-in-bowl", "peg-in-hole"],
    demonstrations: 10,
    iterations: 2,
    autonomous: 5,
    corrected: 15,
    evaluation: 50,
    controls: ["filtered", "awr", "guided"],
    temperatures: [0.1, 0.2, 0.5],
    parallel: 4,
  });
  const { episodes, trainings, disk, memory } = needsOf(options);
  // 20 demonstrations and 2 · 2 · 20 rollouts are recorded; 2 tasks · (50 episodes · 6 policies and 25 · 3 temperatures) are not.
  expect(episodes).toBe(20 + 80 + 600 + 150);
  // Three of pre-training, one without the word; a task has SFT, two value functions, two of RECAP, filtered cloning, three of regression.
  expect(trainings).toBe(3 + 2 * 9);
  expect(disk).toBeCloseTo(100 * 0.9e6 + 21 * 32e6 + 100 * 250 * 24_576, 0);
  expect(memory).toBe(2 * 1.4e9);
});

test("too small a disk is told before the work, with both numbers", () => {
  const needs = { disk: 1e18, memory: 0, episodes: 1, trainings: 1 };
  expect(() => checkRoom(join(folder, "run"), needs)).toThrow(
    /expected 1000000000 GB of free disk for the run, found [\d.]+ GB/,
  );
  const room = checkRoom(join(folder, "run"), { ...needs, disk: 1 });
  expect(room.disk).toBeGreaterThan(1);
  expect(gigabytes(1.44e9)).toBe("1.4 GB");
});

test("a folder that cannot be made is told before the work", () => {
  const inFile = join(folder, "file", "run");
  writeFileSync(join(folder, "file"), "");
  const needs = { disk: 0, memory: 0, episodes: 1, trainings: 1 };
  expect(() => checkRoom(inFile, needs)).toThrow(PistarError);
});

test("folds multiply value functions; episodes in place of the supervised ones are recorded once more", () => {
  const some = {
    tasks: ["cube-in-bowl"],
    demonstrations: 10,
    iterations: 1,
    autonomous: 5,
    corrected: 15,
    evaluation: 50,
  };
  const options = recapOptions.parse({ ...some, valueFolds: 3, controls: ["autonomous-alone"] });
  const { episodes, trainings } = needsOf(options);
  expect(episodes).toBe(10 + 20 + (10 + 20) + 50 * 3);
  // Pre-training: three value functions and a policy. Then SFT, three value functions and RECAP, three and the control.
  expect(trainings).toBe(4 + 1 + 4 + 4);
});
