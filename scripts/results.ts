// npm run results: the figures of README.md and docs/results from docs/results/runs.csv.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { Summary } from "../src/loop/index.ts";
import { readJson } from "../src/system/index.ts";
import { blockNames, render, updated } from "./results/blocks.ts";
import { formatRows, readRows } from "./results/rows.ts";
import { episodesIn, iterationsOf, rowsOf, timesOf } from "./results/run-folder.ts";

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs/results");

/** Texts with figures from runs.csv. */
const texts = (): string[] => [
  join(root, "README.md"),
  ...readdirSync(docs)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(docs, name)),
];

const program = new Command("results")
  .description("the figures of README.md and docs/results, from docs/results/runs.csv")
  .action(() => {
    const rows = readRows();
    for (const path of texts()) {
      const text = readFileSync(path, "utf8");
      const now = updated(text, rows);
      if (now === text) continue;
      writeFileSync(path, now);
      console.log(`${path}: figures rewritten`);
    }
  });

program
  .command("show <block> [runs...]")
  .description(`print a block: ${blockNames.join(", ")}`)
  .addHelpText(
    "after",
    `
  npm run results -- show full                # README.md's table
  npm run results -- show seeds RUN RUN RUN   # several seeds in full, as \`pistar seeds\` does from the runs' folders
  npm run results -- show beside RUN          # policies beside RECAP on the same episodes: won, lost, McNemar's p`,
  )
  .action((block: string, runs: string[]) => console.log(render(readRows(), block, ...runs)));

program
  .command("add <folder> <name>")
  .description("append a finished run of pistar recap to runs.csv, iterations.csv and times.csv")
  .addHelpText("after", "\n  npm run results -- add runs/recap-full-3 2026-12-05-full-seed-3")
  .action((folder: string, name: string) => {
    const rows = readRows();
    if (rows.some(({ run }) => run === name))
      throw new Error(`Expected a new name, got that of a run in runs.csv: ${name}`);
    const summary = readJson(join(folder, "summary.json")) as Summary;
    const added = rowsOf(name, summary, episodesIn(folder));
    writeFileSync(join(docs, "runs.csv"), formatRows([...rows, ...added]));
    appendFileSync(
      join(docs, "iterations.csv"),
      iterationsOf(name, summary)
        .map((line) => `${line}\n`)
        .join(""),
    );
    appendFileSync(join(docs, "times.csv"), `${timesOf(name, summary)}\n`);
    console.log(`${added.length} policies of ${name} added`);
  });

try {
  program.parse();
} catch (error) {
  console.error(`results: ${(error as Error).message}`);
  process.exitCode = 1;
}
