import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blocksIn, fullRuns, updated } from "../scripts/results/blocks.ts";
import { formatRows, parseRows, type Row, readRows } from "../scripts/results/rows.ts";
import {
  differences,
  iterationsHeader,
  iterationsOf,
  rowsOf,
  timesHeader,
  timesOf,
} from "../scripts/results/run-folder.ts";
import { compareRows, runOfSeed, throughputOf, wonAndLost } from "../scripts/results/statistics.ts";
import { besideTable } from "../scripts/results/tables.ts";
import { acrossSeeds, type Summary } from "../src/loop/index.ts";

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs/results");
const pages = readdirSync(docs).filter((name) => name.endsWith(".md"));

const row = (change: Partial<Row> = {}): Row => ({
  run: "run",
  preset: "quick",
  seed: 0,
  task: "cube",
  arm: "sft",
  iteration: 0,
  base: "",
  firstSeed: 0,
  options: "",
  episodes: 4,
  successes: 2,
  deadline: 20,
  times: [4, 6],
  outcomes: "0110",
  ...change,
});

test.each(["README.md", ...pages.map((page) => `docs/results/${page}`)])(
  "%s: marked figures follow from runs.csv (mend it by npm run results)",
  (name) => {
    const text = readFileSync(join(root, name), "utf8");
    expect(updated(text, readRows())).toBe(text);
  },
);

test("README.md's table, its count of episodes and the quick run are marked", () => {
  const blocks = blocksIn(readFileSync(join(root, "README.md"), "utf8"));
  expect(blocks).toEqual(expect.arrayContaining(["full", "won", "lost", "quick"]));
});

test("another outcome in runs.csv changes README.md", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const changed = readRows().map((of) =>
    of.run === fullRuns[0] && of.task === "cube-in-bowl" && of.arm === "sft"
      ? { ...of, successes: 20, times: of.times!.slice(0, 20) }
      : of,
  );
  expect(updated(text, changed)).not.toBe(text);
});

test("a marked figure is replaced and the text round it stays", () => {
  const text = "a <!-- results: won -->1<!-- /results --> b <!-- results: lost -->2<!-- /results --> c";
  expect(updated(text, readRows())).toBe(
    "a <!-- results: won -->280<!-- /results --> b <!-- results: lost -->161<!-- /results --> c",
  );
  expect(() => updated("<!-- results: lots -->1<!-- /results -->", [])).toThrow("one of the blocks full");
});

test.each(pages)("docs/results/%s: links lead somewhere, and runs are those of runs.csv", (page) => {
  const text = readFileSync(join(docs, page), "utf8");
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(join(docs, link)))).toEqual([]);
  const runs = new Set(readRows().map(({ run }) => run));
  const named = [...text.matchAll(/`(20\d\d-\d\d-\d\d-[^`]+)`/g)].map(([, run]) => run!);
  expect(named.filter((run) => !runs.has(run))).toEqual([]);
});

test("runs.csv says the same of the full preset as its summaries", () => {
  const summaries = fullRuns.map((run) => JSON.parse(readFileSync(join(docs, `${run}.json`), "utf8")) as Summary);
  const rows = readRows();
  const [found, expected] = [acrossSeeds(fullRuns.map((run) => runOfSeed(rows, run))), acrossSeeds(summaries)];
  expect(found.map(({ task, arm, iteration }) => [task, arm, iteration])).toEqual(
    expected.map(({ task, arm, iteration }) => [task, arm, iteration]),
  );
  for (const [index, { againstSft, recapAgainst, successRates }] of expected.entries()) {
    expect(found[index]!.successRates).toEqual(successRates);
    for (const end of ["value", "low", "high"] as const) {
      if (againstSft) {
        expect(found[index]!.againstSft!.throughputRatio![end]).toBeCloseTo(againstSft.throughputRatio![end], 9);
        expect(found[index]!.againstSft!.failureRatio![end]).toBeCloseTo(againstSft.failureRatio![end], 9);
      }
      if (recapAgainst)
        expect(found[index]!.recapAgainst!.successDifference[end]).toBeCloseTo(recapAgainst.successDifference[end], 9);
    }
  }
});

test("comparisons within a run come out as the run computed them", () => {
  const [run] = fullRuns;
  const { tasks } = JSON.parse(readFileSync(join(docs, `${run}.json`), "utf8")) as Summary;
  const rows = readRows().filter((of) => of.run === run && of.task === "stack-cubes");
  const of = (arm: string) => rows.findLast((one) => one.arm === arm)!;
  const known = tasks.find(({ task }) => task === "stack-cubes")!.results.find(({ arm }) => arm === "filtered")!;
  const found = compareRows(of("filtered"), of("sft"));
  expect(found.p).toBe(known.againstSft!.p);
  // Values only: the summary's intervals are of an earlier kind (bootstrap).
  for (const name of ["successDifference", "throughputRatio", "failureRatio"] as const)
    expect(found[name]!.value).toBeCloseTo(known.againstSft![name]!.value, 12);
});

test("rows are read as they are written", () => {
  const rows = [
    row({ options: "a=1 b=2" }),
    row({ successes: 0, times: [], outcomes: "0000" }),
    row({ deadline: null, times: null, outcomes: "" }),
  ];
  expect(parseRows(formatRows(rows))).toEqual(rows);
  const csv = readFileSync(join(docs, "runs.csv"), "utf8");
  expect(formatRows(parseRows(csv))).toBe(csv);
});

test("each policy of runs.csv stands there once", () => {
  const names = readRows().map(({ run, task, arm, iteration, options, base, firstSeed }) =>
    [run, task, arm, iteration, options, base, firstSeed].join(),
  );
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("rows that contradict themselves are named", () => {
  const csv = (change: Partial<Row>) => formatRows([row(), row(change)]);
  expect(() => parseRows(csv({ successes: 3 }))).toThrow("line 3: expected 3 times, one for each success");
  expect(() => parseRows(csv({ outcomes: "0111" }))).toThrow("expected 2 outcomes of 1 among 4");
  expect(() => parseRows(csv({ successes: 5 }))).toThrow("0 to n successes");
  expect(() => parseRows(`${csv({})}too,few\n`)).toThrow("line 4: expected 14 cells, got too,few");
  expect(() => parseRows("run\n")).toThrow("expected the header");
  expect(() => formatRows([row({ options: "a,b" })])).toThrow("without comma, quote or line break, got a,b");
});

test("statistics of rows by hand", () => {
  // 2 successes in 4 + 6 + 20 + 20 s and four resets of 10 s: 2 in 90 s.
  expect(throughputOf(row())).toBeCloseTo((2 * 3600) / 90);
  const recap = row({ arm: "recap", iteration: 1, successes: 3, times: [4, 6, 8], outcomes: "1011" });
  expect(wonAndLost([[recap, row()]])).toEqual({ won: 2, lost: 1, p: 1 });
  expect(compareRows(recap, row())).toMatchObject({ onlyPolicy: 2, onlyBaseline: 1 });
  expect(compareRows(recap, row()).failureRatio!.value).toBe(0.5);
  expect(() => wonAndLost([[recap, row({ firstSeed: 9 })]])).toThrow("the same episodes");
  const { tasks } = runOfSeed([row(), recap, row({ arm: "awr", iteration: 1 })], "run");
  expect(tasks[0]!.results[1]!.againstSft!.throughputRatio!.value).toBeCloseTo(3 / 78 / (2 / 90));
  expect(tasks[0]!.results[2]!.recapAgainst!.successDifference.value).toBe(0.25);
});

test("an ablation stands beside its base run's last policy", () => {
  const recap = row({ run: "base", arm: "recap", iteration: 2, successes: 3, times: [4, 6, 8], outcomes: "1011" });
  const first = row({ run: "base", arm: "recap", iteration: 1 });
  const ablation = row({ run: "x", base: "base", arm: "recap", iteration: 2, options: "dropout=0" });
  const table = besideTable([first, recap, ablation], ["x"]).split("\n");
  expect(
    table.slice(2).map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .filter(Boolean),
    ),
  ).toEqual([
    ["RECAP of the run", "75", "75"],
    ["RECAP, dropout=0", "50", "50", "1 : 2", "1.00"],
  ]);
});

test("a run's rows", () => {
  const [run] = fullRuns;
  const summary = JSON.parse(readFileSync(join(docs, `${run}.json`), "utf8")) as Summary;
  const known = readRows().filter((of) => of.run === run);
  const made = rowsOf(run!, summary, () => undefined);
  expect(made).toEqual(known.map((of) => ({ ...of, outcomes: "" })));
  const linesOf = (name: string) => readFileSync(join(docs, name), "utf8").split("\n");
  expect(linesOf("iterations.csv")).toEqual(expect.arrayContaining([iterationsHeader, ...iterationsOf(run!, summary)]));
  expect(linesOf("times.csv")).toEqual(expect.arrayContaining([timesHeader, timesOf(run!, summary)]));
});

test("options that differ from the nearest preset", () => {
  const presets = JSON.parse(readFileSync(join(docs, "presets.json"), "utf8"));
  const { fast: _, ...older } = { ...presets.full, positive: 0.4, seed: 7 };
  expect(differences(older)).toEqual({ preset: "full", options: "fast=unset positive=0.4" });
});
