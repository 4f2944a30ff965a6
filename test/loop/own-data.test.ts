// RECAP on existing datasets, as small as possible: the hand-over between stages, resuming after a stop, and untouched
// datasets. The networks train for a few steps only; their quality is not tested.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listLabels, readLabels } from "../../src/data/index.ts";
import {
  type DatasetOptions,
  type DatasetsSummary,
  openDatasetRun,
  openRun,
  runOnDatasets,
} from "../../src/loop/index.ts";
import type { StageState } from "../../src/loop/stages.ts";
import type { TaskLabels } from "../../src/train/index.ts";
import { tinyDataset } from "../train/tiny-dataset.ts";

let folder: string;
let demos: string;
let rollouts: string;
let run: string;
let options: Partial<DatasetOptions> & Pick<DatasetOptions, "datasets">;
let summary: DatasetsSummary;
let before: ReadonlyMap<string, string>;
const stages: { first: string[]; second: [string, StageState][] } = { first: [], second: [] };

/** The content of every file. */
function contents(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-own-data-"));
  [demos, rollouts, run] = [join(folder, "demos"), join(folder, "rollouts"), join(folder, "first run")];
  await tinyDataset(demos, { episodes: 4, failures: false, unsaid: true });
  await tinyDataset(rollouts, { episodes: 6, seed: 1, corrected: 3 });
  before = new Map([...contents(demos), ...contents(rollouts)]);
  options = { datasets: [demos, rollouts], pretrainSteps: 3, valueSteps: 3, batchSize: 4, pretrainPositive: 0.25 };
  const stopping = new AbortController();
  const onStage = (name: string, state: StageState) => {
    if (state === "begins") stages.first.push(name);
    if (name === "value" && state === "ends") stopping.abort(new Error("stopped"));
  };
  await expect(runOnDatasets(await openDatasetRun(run, options, { onStage }, stopping.signal))).rejects.toThrow(
    "stopped",
  );
  expect(readFileSync(join(run, "report.html"), "utf8")).toContain("<strong>Unfinished run: the value function");
  expect(existsSync(join(run, "cache"))).toBe(true);
  const onSecond = (name: string, state: StageState) => {
    if (state !== "ends") stages.second.push([name, state]);
  };
  summary = await runOnDatasets(await openDatasetRun(run, options, { onStage: onSecond }));
  expect(existsSync(join(run, "cache"))).toBe(false);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("stages follow one another, and what was done before a stop is not done again", () => {
  expect(stages.first).toEqual(["value"]);
  expect(stages.second).toEqual([
    ["value", "done before"],
    ["labels-1-demos", "begins"],
    ["labels-2-rollouts", "begins"],
    ["labels", "begins"],
    ["policy", "begins"],
  ]);
});

test("the datasets gain the run's labels and nothing else changes", () => {
  const after = new Map([...contents(demos), ...contents(rollouts)]);
  for (const [path, hash] of before) expect(after.get(path), path).toBe(hash);
  const gained = [...after.keys()].filter((path) => !before.has(path)).sort();
  expect(gained).toEqual(
    [demos, rollouts].flatMap((root) =>
      ["advantages", "returns"].map((kind) => join(root, "meta", `${kind}_first_run.parquet`)),
    ),
  );
});

test("labels: the share of a task's frames in both datasets, and corrections whatever their advantage; the policy learned from them", async () => {
  const labels = await readLabels(rollouts, "advantages", "first_run");
  let corrections = 0;
  for (const [row, episode] of labels.episode_index.entries())
    if (episode % 2 === 1 && labels.frame_index[row]! < 3) {
      corrections++;
      expect(labels.advantage[row]).toBe(1);
    }
  expect(corrections).toBe(9);
  const [ofDemos, ofRollouts] = summary.datasets.map((each) => each.labels!.tasks[0]!) as [TaskLabels, TaskLabels];
  expect(ofRollouts).toMatchObject({ forced: 9, positive: labels.advantage.reduce((sum, word) => sum + word, 0) });
  // One threshold for the task's frames of both: corrections come on top of the share.
  expect(ofDemos.threshold).toBe(ofRollouts.threshold);
  const share = (await Promise.all([demos, rollouts].map((root) => readLabels(root, "advantages", "first_run"))))
    .flatMap(({ advantage_continuous }) => [...advantage_continuous])
    .filter((advantage) => advantage > ofDemos.threshold).length;
  expect(share).toBe(Math.floor((ofDemos.frames + ofRollouts.frames) / 4));
  const trained = JSON.parse(readFileSync(join(run, "trainings/policy/config.json"), "utf8")) as object;
  expect(trained).toMatchObject({ options: { advantageIndicator: "labels", labels: "first_run", steps: 3 } });
});

test("what is known of the episodes, and what only assumed, is told", () => {
  expect(summary.datasets.map(({ episodes, failures, unsaid }) => [episodes, failures, unsaid])).toEqual([
    [4, 0, 4],
    [6, 3, 0],
  ]);
  expect(summary.datasets.map(({ traces }) => traces.map(({ kind, episode }) => [kind, episode]))).toEqual([
    [
      ["success", 3],
      ["success", 2],
    ],
    [
      ["success", 4],
      ["success", 2],
      ["corrected", 5],
      ["corrected", 3],
    ],
  ]);
  const page = readFileSync(join(run, "report.html"), "utf8");
  expect(page).toContain("None of the episodes say how they ended (column episode_success");
  expect(page).toContain("3 succeeded, 3 failed.");
  expect(JSON.parse(readFileSync(join(run, "summary.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(summary)));
});

test("other options, or a run in simulation, are refused in its folder; a dataset that is not there leaves none", async () => {
  const opened = (changes: Partial<DatasetOptions>, out = run) => openDatasetRun(out, { ...options, ...changes });
  await expect(opened({ pretrainPositive: 0.1 })).rejects.toThrow("a run with pretrainPositive 0.25");
  await expect(opened({ lookahead: 1 })).rejects.toThrow("a run with lookahead unset");
  expect(() => openRun(run, {})).toThrow("a run with tasks unset is there");
  const third = join(folder, "third");
  await expect(opened({ datasets: [demos, join(folder, "missing")] }, third)).rejects.toThrow("missing");
  expect(existsSync(third)).toBe(false);
  const namesake = await opened({}, join(folder, "elsewhere", basename(run)));
  await expect(runOnDatasets(namesake)).rejects.toThrow('labels "first_run" are there already');
});

test("by its command: a flag of the simulation is refused by name, what a run found is printed", () => {
  const pistar = (...flags: string[]) =>
    spawnSync(
      process.execPath,
      ["--import", "tsx", join(import.meta.dirname, "../../src/cli/main.ts"), "recap", ...flags],
      { encoding: "utf8" },
    );
  const out = ["--out", join(folder, "second")];
  const data = ["--dataset", demos];
  const refused = pistar(...data, "--demonstrations", "3", "--randomise", "--seed", "1", ...out);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/: --demonstrations, --randomise: .*with --dataset.*--pretrain-steps/s),
  ]);
  expect(existsSync(join(folder, "second"))).toBe(false);
  const planned = pistar("--preset", "full", "--seed", "3", "--dry-run", ...out);
  expect([planned.status, planned.stdout]).toEqual([
    0,
    expect.stringMatching(/second: \d+ episodes and \d+ trainings\nneeds about [\d.]+ GB of disk/),
  ]);
  expect(existsSync(join(folder, "second"))).toBe(false);
  expect(pistar(...data, "--preset", "full", ...out).stderr).toContain("--preset: of no use with --dataset");
  const brief = ["--pretrain-steps", "2", "--value-steps", "2", "--batch-size", "2"];
  const done = pistar(...data, ...brief, "--lookahead", "0.5", "--horizon", "7", ...out);
  expect(done.stderr).toContain("4 of 4 episodes do not say whether they succeeded");
  expect(done.stdout).toMatch(/baseline.*held-out episodes.*\nReport: .*second.report\.html/);
  expect(listLabels(demos, "advantages")).toEqual(["first_run", "second"]);
  const trained = readFileSync(join(folder, "second/trainings/policy/config.json"), "utf8");
  expect(JSON.parse(trained)).toMatchObject({ options: { horizon: 7 } });

  const again = pistar("--resume", ...out);
  expect([again.status, again.stdout]).toEqual([0, done.stdout]);
  const config = join(folder, "second/config.json");
  const other = pistar("--config", config, "--seed", "1", "--out", join(folder, "of another seed"));
  expect(other.status).toBe(0);
  const [before, after] = [config, join(folder, "of another seed/config.json")].map(
    (path) => (JSON.parse(readFileSync(path, "utf8")) as { options: DatasetOptions }).options,
  );
  expect(after).toEqual({ ...before, seed: 1 });
  for (const [code, flags, mend] of [
    [2, ["--resume"], "by --out"],
    [3, ["--resume", "--out", join(folder, "nothing")], "nothing/config.json: expected a readable file"],
    [2, ["--resume", "--preset", "full", ...out], "--preset: of no use"],
    [2, ["--resume", "--positive", "0.1", ...out], "--positive: of no use with --dataset"],
    [8, ["--resume", "--dropout", "0.1", ...out], "a run with dropout 0.3 is there"],
    [2, ["--config", config, "--resume", ...out], "--config: of no use with --resume"],
  ] as const) {
    const { status, stderr } = pistar(...flags);
    expect([status, stderr]).toEqual([code, expect.stringContaining(mend)]);
  }
}, 180_000);
