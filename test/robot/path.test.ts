// The commands' way with a robot file: a scripted leader teaches the emulated arm, and the dataset is like any other.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openDataset, validateDataset } from "../../src/data/index.ts";
import { readRobotFile } from "../../src/robot/index.ts";
import {
  anySetting,
  collect,
  collectOptions,
  evaluateOptions,
  evaluatePolicy,
  openArm,
  replayOnArm,
} from "../../src/rollout/index.ts";

const stations = new URL("emulated.json", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "pistar-arm-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a leader's demonstrations and corrections are recorded, and a policy is judged", async () => {
  const out = join(folder, "data");
  const asked = collectOptions.parse({ out, episodes: 2, seed: 1 });
  const first = await collect({ ...asked, stations });
  expect(first.collected.map(({ outcome }) => outcome)).toEqual(["success", "success"]);
  // A collection goes on where it was.
  expect((await collect({ ...asked, episodes: 2, stations })).before).toBe(2);
  const supervised = collectOptions.parse({ out, episodes: 1, seed: 5, policy: "still", supervisor: "scripted" });
  const { collected } = await collect({ ...supervised, stations });
  expect(collected[0]!.takeOvers).toBeGreaterThan(0);

  const dataset = await openDataset(out);
  try {
    expect([dataset.robotType, dataset.fps, dataset.episodes.length]).toEqual(["so_follower", 25, 3]);
    expect(dataset.episodes.map(({ extra }) => extra.episode_units)).toEqual(Array(3).fill("normalised"));
    expect(dataset.cameras).toEqual(["observation.images.front", "observation.images.wrist"]);
    const columns = await dataset.columns(0, ["complementary_info.collector_policy_id"]);
    expect(new Set(columns.get("complementary_info.collector_policy_id")!.data as string[])).toEqual(
      new Set(["human"]),
    );
    // The same goals from the same pose: the cube lies elsewhere, the joints go the same way.
    const file = readRobotFile(fileURLToPath(stations));
    const arm = await openArm(file, { setting: anySetting, say: () => {} });
    expect(await replayOnArm(dataset, 0, arm.robot)).toBeLessThan(5);
    await arm.close();
  } finally {
    await dataset.close();
  }
  expect((await validateDataset(out)).filter(({ severity }) => severity === "error")).toEqual([]);

  const options = evaluateOptions.parse({ policy: "still", episodes: 1 });
  const { total } = await evaluatePolicy({ ...options, stations });
  expect([total.episodes, total.successes]).toEqual([1, 0]);
});
