import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LeRobotDataset } from "../data/index.ts";
import { so101Joints } from "../robot/index.ts";
import { openPolicy } from "./open-policy.ts";
import { unitsOfDataset } from "./units.ts";

const names = so101Joints.map(({ name }) => name);

/** What of a dataset tells its unit. */
function dataset(recorded: readonly (string | undefined)[], largest: number): LeRobotDataset {
  const state = { min: names.map(() => -10), max: [largest, 10, 10, 10, 10, 99] };
  return {
    root: "data/mine",
    episodes: recorded.map((episode_units) => ({ extra: { episode_units } })),
    stats: async () => new Map([["observation.state", state]]),
  } as unknown as LeRobotDataset;
}

test("the episodes tell, or positions beyond 100, or the user; else nothing is known", async () => {
  expect(await unitsOfDataset(dataset(["normalised", "normalised"], 90), names)).toBe("normalised");
  expect(await unitsOfDataset(dataset([undefined], 104), names)).toBe("degrees");
  expect(await unitsOfDataset(dataset([undefined], 90), names)).toBeUndefined();
  expect(await unitsOfDataset(dataset([undefined], 90), names, "degrees")).toBe("degrees");
  expect(await unitsOfDataset(dataset(["degrees"], 90), ["x", "y"])).toBeUndefined();
});

test("contradictions are refused", async () => {
  await expect(unitsOfDataset(dataset(["normalised", "degrees"], 90), names)).rejects.toThrow(
    "data/mine: expected body joints in one unit, got normalised and degrees",
  );
  await expect(unitsOfDataset(dataset([undefined], 104), names, "normalised")).rejects.toThrow(
    "got degrees and normalised; its positions go beyond ±100, so they are degrees",
  );
});

test("a policy refuses a robot of another unit, and says how to set the robot", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-units-"));
  try {
    const path = join(folder, "policy.mjs");
    const info = {
      joints: names,
      stateNames: names,
      units: "normalised",
      cameras: [],
      fps: 25,
      horizon: 1,
      robotType: null,
    };
    writeFileSync(
      path,
      `export const createPolicy = () => ({ id: "p", info: ${JSON.stringify(info)}, reset() {}, infer() {}, close: async () => {} });`,
    );
    await expect(openPolicy(path, { joints: so101Joints, unit: "degrees" })).rejects.toThrow(
      'expected a policy whose body joints are degrees, as the robot\'s, got one whose are normalised; set "units" of the robot file to normalised',
    );
    await (await openPolicy(path, { joints: so101Joints, unit: "normalised" })).close();
    await (await openPolicy(path, { joints: so101Joints })).close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
