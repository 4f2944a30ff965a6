import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyDataset } from "./tiny-dataset.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
let folder: string;
let dots: string;
let others: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-train-cli-"));
  [dots, others] = [join(folder, "dots"), join(folder, "others")];
  await tinyDataset(dots, { episodes: 4 });
  await tinyDataset(others, { episodes: 4, seed: 1 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pistar(...parameters: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--import", "tsx", main, ...parameters], { encoding: "utf8" });
}

test("from a dataset to labels to a policy", () => {
  const [value, policy] = [join(folder, "value"), join(folder, "policy")];
  const short = ["--steps", "2", "--batch-size", "2", "--workers", "0", "--cache", join(folder, "cache")];
  const trained = pistar("value", dots, "--out", value, ...short, "--held-out", "0.5");
  expect(trained.stdout).toMatch(/ranking halfway \(AUC\) +\d/);

  const cache = ["--cache", join(folder, "cache")];
  const labelled = pistar("label", dots, "--value", value, "--positive-fraction", "0.5", "--json", ...cache);
  const [{ tasks }] = JSON.parse(labelled.stdout) as [{ tasks: { frames: number; positive: number }[] }];
  expect(Math.abs(tasks[0]!.positive - tasks[0]!.frames / 2)).toBeLessThan(1);
  const other = ["--labels", "default", "--positive-fraction", "0.1"];
  expect(pistar("label", dots, ...other, "--tag", "strict").stdout).toContain('labels "strict"');
  expect(pistar("label", dots, ...other).stdout).toContain('labels "default"');
  const both = pistar("label", dots, others, "--value", value, "--tag", "both", "--json", ...cache);
  const [here, there] = JSON.parse(both.stdout) as { tasks: { threshold: number; spread: number }[] }[];
  expect(here!.tasks[0]!.threshold).toBe(there!.tasks[0]!.threshold);
  expect(here!.tasks[0]!.spread).not.toBe(there!.tasks[0]!.spread);
  for (const [wrong, mend] of [
    [["--labels", "default", "--lookahead", "1"], "--lookahead: of no use with --labels"],
    [["--labels", "default", "--value", value], "Expected --value or --labels"],
    [[], "Expected --value or --labels"],
  ] as const) {
    const { status, stderr } = pistar("label", dots, ...wrong);
    expect([status, stderr]).toEqual([2, expect.stringContaining(mend)]);
  }

  const flags = ["--advantage-indicator", "labels", "--horizon", "4", "--denoising-steps", "1", "--held-out", "0.5"];
  const first = pistar("train", dots, "--out", policy, ...short, ...flags, "--json");
  expect(JSON.parse(first.stdout)).toMatchObject({
    episodes: { train: 2, heldOut: 2 },
    heldOut: { "heldOut/actionError": expect.any(Number), "heldOut/repeatLastError": expect.any(Number) },
  });
  expect(JSON.parse(readFileSync(join(policy, "config.json"), "utf8"))).toMatchObject({
    stage: "policy",
    options: { advantageIndicator: "labels", steps: 2, dropout: 0.3 },
  });
  const twice = pistar("train", dots, "--out", policy, ...short, ...flags);
  expect([twice.status, twice.stderr]).toEqual([7, expect.stringContaining("resume it (--resume)")]);
  expect(pistar("model", "info", policy).stdout).toMatch(/actions +4 steps of 2 numbers/);
}, 180_000);

test("a policy's size is told from its configuration, a wrong flag by its name", () => {
  const { stdout } = pistar("model", "info", "pi05", "--json");
  const [policy] = JSON.parse(stdout) as { parameters: Record<string, number> }[];
  // π0.5: PaliGemma 3B and an expert of 300M.
  expect(policy!.parameters["all parameters"]! / 1e9).toBeCloseTo(3.35, 1);
  expect(pistar("train", dots, "--out", "x", "--dropout", "2").stderr).toContain(
    "--dropout: expected a number up to 1, got 2",
  );
  expect(pistar("train", dots, "--out", "x", "--positive-share", "0.7").stderr).toContain(
    "Expected --advantage-indicator labels with --positive-share, got none",
  );
  expect(pistar("model", "info", "huge").stderr).toContain("expected a size (nano, small, pi05, pi06)");
  expect(pistar("train", "--help").stdout).toContain("supervised fine-tuning");
}, 60_000);
