// Algorithm 1 from end to end, as small as possible: the hand-over between stages, resuming after a stop, and a
// complete run folder. The policies train for a few steps only; their quality is not tested.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDataset, readLabels } from "../../src/data/index.ts";
import { openRun, type RecapOptions, runRecap, type Summary } from "../../src/loop/index.ts";
import { evaluationSeed } from "../../src/loop/seeds.ts";
import type { StageState } from "../../src/loop/stages.ts";
import type { Evaluation } from "../../src/rollout/index.ts";

const options: Partial<RecapOptions> = {
  tasks: ["cube-in-bowl"],
  demonstrations: 6,
  autonomous: 2,
  corrected: 2,
  evaluation: 2,
  pretrainSteps: 4,
  finetuneSteps: 3,
  valueSteps: 4,
  valueShift: 2,
  batchSize: 4,
  temperatures: [0.05, 0.2],
  // A round of the episodes that are begun at once.
  auditBudget: 0.01,
  auditEvery: 5,
  controls: [
    "filtered",
    "awr",
    "no-corrections",
    "autonomous-alone",
    "corrections-alone",
    "random-labels",
    "clock",
    "oracle",
    "guided",
  ],
};

let folder: string;
let summary: Summary;
/** Stages of the first attempt, which is stopped in the middle, and of the second. */
const stages: { first: string[]; second: [string, StageState][] } = { first: [], second: [] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-recap-"));
  const stopping = new AbortController();
  const onStage = (name: string, state: StageState) => {
    if (state !== "ends") stages.first.push(name);
    if (name === "cube-in-bowl/1/autonomous") stopping.abort(new Error("stopped"));
  };
  // Controls may be asked for later.
  const first = { ...options, controls: [] };
  await expect(runRecap(openRun(folder, first, { onStage }, stopping.signal))).rejects.toThrow("stopped");
  const onSecond = (name: string, state: StageState) => {
    if (state !== "ends") stages.second.push([name, state]);
  };
  summary = await runRecap(openRun(folder, options, { onStage: onSecond }));
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("stages follow one another, and what was done before a stop is not done again", () => {
  const before = stages.first.slice(0, -1);
  expect(stages.second.filter(([, state]) => state === "done before").map(([name]) => name)).toEqual(before);
  expect(stages.second.map(([name]) => name)).toEqual([
    "cube-in-bowl/0/demonstrations",
    "pretrain/value",
    "pretrain/labels-cube-in-bowl",
    "pretrain/policy",
    "pretrain/policy-wordless",
    "cube-in-bowl/0/sft",
    "cube-in-bowl/0/evaluate-sft",
    "cube-in-bowl/1/autonomous",
    "cube-in-bowl/1/corrected",
    "cube-in-bowl/1/value",
    "cube-in-bowl/1/labels",
    "cube-in-bowl/1/recap",
    "cube-in-bowl/1/evaluate-recap",
    "cube-in-bowl/1/filtered",
    "cube-in-bowl/1/evaluate-filtered",
    "cube-in-bowl/1/awr-0.05",
    "cube-in-bowl/1/awr-0.2",
    "cube-in-bowl/1/awr-temperature",
    "cube-in-bowl/1/evaluate-awr",
    "cube-in-bowl/1/no-corrections",
    "cube-in-bowl/1/evaluate-no-corrections",
    "cube-in-bowl/1/autonomous-alone-copy",
    "cube-in-bowl/1/autonomous-alone-episodes",
    "cube-in-bowl/1/autonomous-alone-value",
    "cube-in-bowl/1/autonomous-alone-labels",
    "cube-in-bowl/1/autonomous-alone",
    "cube-in-bowl/1/evaluate-autonomous-alone",
    "cube-in-bowl/1/corrections-alone-labels",
    "cube-in-bowl/1/corrections-alone",
    "cube-in-bowl/1/evaluate-corrections-alone",
    "cube-in-bowl/1/random-labels-labels",
    "cube-in-bowl/1/random-labels",
    "cube-in-bowl/1/evaluate-random-labels",
    "cube-in-bowl/1/clock-labels",
    "cube-in-bowl/1/clock",
    "cube-in-bowl/1/evaluate-clock",
    "cube-in-bowl/1/oracle-labels",
    "cube-in-bowl/1/oracle",
    "cube-in-bowl/1/evaluate-oracle",
    "cube-in-bowl/1/evaluate-guided",
    "cube-in-bowl/1/films",
  ]);
});

test("films show evaluated episodes as they went, and the report holds them", async () => {
  const stages = join(folder, "stages/cube-in-bowl");
  const runsOf = (stage: string) =>
    (JSON.parse(readFileSync(join(stages, stage), "utf8")) as { result: Evaluation }).result.runs;
  const [before, after] = [runsOf("0/evaluate-sft.json"), runsOf("1/evaluate-recap.json")];
  const { films = [] } = summary.tasks[0]!;
  expect(films.map(({ seed }) => seed).toSorted()).toEqual(before.map(({ seed }) => seed).toSorted());
  const page = readFileSync(join(folder, "report.html"), "utf8");
  for (const film of films)
    for (const [filmed, runs] of [
      [film.before, before],
      [film.after, after],
    ] as const) {
      const { success, seconds } = runs.find(({ seed }) => seed === film.seed)!;
      expect(filmed).toMatchObject({ success, seconds, fps: 6.25 });
      // A picture every four periods from the first on, and the end.
      expect(filmed.values).toHaveLength(Math.ceil((seconds * 25 - 1) / 4) + 1);
      expect(filmed.values.every((value) => value >= -1 && value <= 0)).toBe(true);
      const sheet = readFileSync(join(folder, filmed.sheet));
      const { width, height } = await sharp(sheet).metadata();
      expect([width, height]).toEqual([384 * 8, 288 * Math.ceil(filmed.values.length / 8)]);
      expect(page).toContain(sheet.toString("base64"));
    }
});

test("the data set grows by the iteration's episodes; none of them is an evaluation's; corrections are positive", async () => {
  const root = join(folder, "data", "cube-in-bowl");
  const dataset = await openDataset(root);
  const labels = await readLabels(root, "advantages", "iteration-1");
  expect(dataset.episodes.map(({ extra }) => `${extra.episode_supervisor}`)).toEqual([
    ...new Array(8).fill("none"),
    ...new Array(2).fill("scripted"),
  ]);
  // By its name in the run, wherever the run lies.
  expect(dataset.episodes.slice(6).map(({ extra }) => extra.episode_policy)).toEqual(
    new Array(4).fill("cube-in-bowl/0/sft"),
  );
  for (const { extra } of dataset.episodes)
    expect(Math.abs(Number(extra.episode_seed) - evaluationSeed(0))).toBeGreaterThanOrEqual(1_000_000);
  let corrections = 0;
  for (const { index } of dataset.episodes) {
    const column = "complementary_info.is_intervention";
    const acted = (await dataset.columns(index, [column])).get(column)!.data as Float32Array;
    const words = labels.advantage.filter((_, row) => labels.episode_index[row] === index);
    for (const [frame, who] of acted.entries())
      if (who > 0.5) {
        corrections++;
        expect(words[frame]).toBe(1);
      }
  }
  expect(corrections).toBe(summary.tasks[0]!.labels[0]!.forced);
  await dataset.close();
});

test("labels of controls: corrections alone are positive, random ones keep the share, a clock's know only the time", async () => {
  const root = join(folder, "data", "cube-in-bowl");
  const of = (tag: string, where = root) => readLabels(where, "advantages", `iteration-1${tag}`);
  const [ours, alone, random, clock] = [
    await of(""),
    await of("-corrections-alone"),
    await of("-random-labels"),
    await of("-clock"),
  ];
  const positives = ({ advantage }: typeof ours) => advantage.reduce((sum, one) => sum + one, 0);
  expect(positives(alone)).toBe(summary.tasks[0]!.labels[0]!.forced);
  expect(positives(random)).toBe(positives(ours));
  const dataset = await openDataset(root);
  const instruction = new Map(dataset.episodes.map(({ index, tasks }) => [index, tasks[0]]));
  await dataset.close();
  const seen = new Map<string, number>();
  for (const [row, value] of clock.value_current.entries()) {
    const time = `${instruction.get(clock.episode_index[row]!)} at frame ${clock.frame_index[row]}`;
    expect(value).toBe(seen.get(time) ?? value);
    seen.set(time, value);
  }
  // As many episodes as RECAP had, none of them supervised, with labels of their own.
  const matched = await openDataset(`${root}-autonomous-alone`);
  expect(matched.episodes.map(({ extra }) => extra.episode_supervisor)).toEqual(new Array(10).fill("none"));
  const frames = matched.episodes.reduce((sum, { length }) => sum + length, 0);
  expect((await of("", matched.root)).advantage).toHaveLength(frames);
  await matched.close();
});

test("every policy is evaluated on the same episodes and compared with SFT in pairs", () => {
  const [{ results, gains }] = summary.tasks as [Summary["tasks"][number]];
  expect(results.map(({ arm, iteration, episodes }) => [arm, iteration, episodes])).toEqual([
    ["sft", 0, 2],
    ["recap", 1, 2],
    ...options.controls!.map((name) => [name, 1, 2]),
  ]);
  const improved = results.find(({ arm }) => arm === "recap")!;
  for (const { arm, successes, againstSft, recapAgainst } of results) {
    expect(againstSft === undefined).toBe(arm === "sft");
    expect(recapAgainst === undefined).toBe(["sft", "recap"].includes(arm));
    if (recapAgainst) expect(recapAgainst.successDifference.value).toBe((improved.successes - successes) / 2);
  }
  expect(gains.map(({ source, episodes }) => [source, episodes])).toEqual([
    ["demonstrations", 6],
    ["autonomous", 2],
    ["corrected", 2],
  ]);
});

test("an iteration is compared with the one before it, and what its evaluation lost is warned of", async () => {
  // A second iteration that found what the first did, but for how many episodes RECAP's policies solved.
  const root = mkdtempSync(join(tmpdir(), "pistar-recap-"));
  cpSync(folder, root, { recursive: true });
  const stagesOf = (k: number) => join(root, "stages/cube-in-bowl", `${k}`);
  cpSync(stagesOf(1), stagesOf(2), { recursive: true });
  const labels = (k: number) => join(root, `data/cube-in-bowl/meta/advantages_iteration-${k}.parquet`);
  cpSync(labels(1), labels(2));
  const lost = { task: "cube-in-bowl", difficulty: 0, randomise: false, seed: 9, lost: "The worker ended" };
  for (const [k, success] of [true, false].entries()) {
    const path = join(stagesOf(k + 1), "evaluate-recap.json");
    const stage = JSON.parse(readFileSync(path, "utf8")) as { result: Evaluation };
    const runs = stage.result.runs.map((episode) => ({ ...episode, success }));
    writeFileSync(path, JSON.stringify({ ...stage, result: { ...stage.result, runs, lost: success ? [] : [lost] } }));
  }
  const { tasks } = await runRecap(openRun(root, { ...options, iterations: 2, controls: [] }));
  const { results, warnings } = tasks[0]!;
  const sft = results.find(({ arm }) => arm === "sft")!.successes / 2;
  expect(
    results.map(({ againstSft, againstPrevious }) => [
      againstSft?.successDifference.value,
      againstPrevious?.successDifference.value,
    ]),
  ).toEqual([
    [undefined, undefined],
    [1 - sft, 1 - sft],
    [0 - sft, -1],
  ]);
  expect(warnings.filter(({ of }) => of === "cube-in-bowl/2/recap").map(({ text }) => text)).toContainEqual(
    "1 of 3 episodes could not be run to their end and count nowhere, first: The worker ended",
  );
  expect(readFileSync(join(root, "report.html"), "utf8")).toContain("first: The worker ended");
  rmSync(root, { recursive: true });
});

test("trainings are made by the run's options", () => {
  const optionsOf = (name: string) =>
    (JSON.parse(readFileSync(join(folder, "trainings", name, "config.json"), "utf8")) as { options: object }).options;
  for (const name of ["pretrain/value", "cube-in-bowl/1/value"])
    expect(optionsOf(name)).toMatchObject({ steps: 4, shift: 2 });
  const begun = { from: join(folder, "trainings/pretrain/policy"), steps: 3, shift: 0 };
  const drawn = { advantageIndicator: "labels", labels: "iteration-1", positiveShare: 0.75 };
  expect(optionsOf("cube-in-bowl/1/recap")).toMatchObject({ ...begun, ...drawn, learnFrom: "all" });
  expect(optionsOf("cube-in-bowl/1/no-corrections")).toMatchObject({ ...begun, ...drawn, learnFrom: "uncorrected" });
  const random = { ...drawn, labels: "iteration-1-random-labels" };
  expect(optionsOf("cube-in-bowl/1/random-labels")).toMatchObject({ ...begun, ...random, learnFrom: "all" });
  const wordless = { ...begun, from: join(folder, "trainings/pretrain/policy-wordless") };
  expect(optionsOf("pretrain/policy-wordless")).toMatchObject({
    learnFrom: "demonstrations",
    advantageIndicator: "none",
  });
  expect(optionsOf("cube-in-bowl/1/filtered")).toMatchObject({
    ...wordless,
    advantageIndicator: "none",
    learnFrom: "successes",
  });
  expect(optionsOf("cube-in-bowl/1/filtered")).not.toHaveProperty("positiveShare");
  const weighted = { labels: "iteration-1", temperature: 0.05 };
  expect(optionsOf("cube-in-bowl/1/awr-0.05")).toMatchObject({
    ...wordless,
    ...weighted,
    advantageIndicator: "none",
    learnFrom: "all",
  });
  expect(optionsOf("cube-in-bowl/1/awr-0.05")).not.toHaveProperty("positiveShare");
  expect(optionsOf("cube-in-bowl/0/sft")).toMatchObject({
    ...begun,
    advantageIndicator: "positive",
    learnFrom: "demonstrations",
  });
});

test("all of a run is in its folder, and other options are refused there", () => {
  expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({
    finishedAt: summary.finishedAt,
  });
  expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("cube-in-bowl");
  expect(existsSync(join(folder, "trainings/cube-in-bowl/1/recap/metrics.jsonl"))).toBe(true);
  expect(existsSync(join(folder, "cache"))).toBe(false);
  expect(() => openRun(folder, { ...options, batchSize: 8 })).toThrow("a run with batchSize 4 is there");
  openRun(folder, { ...options, iterations: 3 }); // may be more later, and not fewer
  expect(() => openRun(folder, options)).toThrow("a run with iterations 3 is there, asked for was 1");
  expect(() => openRun(folder, { ...options, tasks: ["fold-laundry"] })).toThrow("fold-laundry");
});

test("tasks side by side: each in a thread of its own, reported in the order of the options", async () => {
  const root = mkdtempSync(join(tmpdir(), "pistar-recap-"));
  const tasks = ["push-to-target", "cube-in-bowl"];
  const asked = { ...options, tasks, parallel: 2, demonstrations: 4, autonomous: 1, corrected: 1, controls: [] };
  const going = new Set<string>();
  let together = false;
  const onStage = (name: string, state: StageState) => {
    if (state === "begins") going.add(name);
    else going.delete(name);
    together ||= tasks.every((task) => [...going].some((stage) => stage.startsWith(`${task}/`)));
  };
  const { tasks: found, curves, stages: ended } = await runRecap(openRun(root, asked, { onStage }));
  expect(found.map(({ task }) => task)).toEqual(tasks);
  expect(found.map(({ gains }) => gains.length)).toEqual([3, 3]);
  expect(together).toBe(true);
  const trainings = (task: string) => [`${task}/0/sft`, `${task}/1/value`, `${task}/1/recap`];
  expect(curves.map(({ stage }) => stage)).toEqual([
    "pretrain/value",
    "pretrain/policy",
    ...tasks.flatMap((task) => trainings(task)),
  ]);
  for (const { stage } of curves) expect(ended.map(({ name }) => name)).toContain(stage);
  rmSync(root, { recursive: true });
}, 600_000);
