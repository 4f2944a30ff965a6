// A robot other than the SO-101, without MuJoCo: the guide's example, from demonstrations to an evaluation.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "../../src/data/index.ts";
import { collect, collectOptions, evaluateOptions, evaluatePolicy } from "../../src/rollout/index.ts";

const stations = new URL("../../examples/own-robot/robot.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "pistar-own-robot-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the example's robot is demonstrated on, recorded with its own joints and camera, and evaluated", async () => {
  const out = join(folder, "data");
  const asked = collectOptions.parse({ task: "touch", episodes: 3, workers: 1, out });
  const { collected, lost } = await collect({ ...asked, stations });
  expect(lost).toEqual([]);
  expect(collected.map(({ outcome }) => outcome)).toEqual(["success", "success", "success"]);
  const dataset = await openDataset(out);
  expect(dataset.features.get("action")!.shape).toEqual([2]);
  expect(dataset.cameras).toEqual(["observation.images.top"]);
  await dataset.close();

  const options = evaluateOptions.parse({ task: ["touch"], policy: "still", episodes: 2, workers: 1 });
  const { total, jumps } = await evaluatePolicy({ ...options, stations });
  expect([total.episodes, total.successes]).toEqual([2, 0]);
  // Degrees are known of the SO-101's joints alone.
  expect(jumps).toBeUndefined();
});
