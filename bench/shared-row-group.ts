// Validating datasets whose episodes share one row group, as LeRobot's converter writes them: 500, 5,000 and 20,000 episodes
// of 20 frames. Last line: JSON; wanted: 5,000 episodes in under 15 s of CPU, ten times the episodes for at most ten times the
// CPU. Memory is that of a few pages a column, and of the list of episodes, whatever the size of the file.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeEpisodes } from "../src/data/episodes.ts";
import { validateDataset } from "../src/data/index.ts";
import { defaultFeatures } from "../src/data/info.ts";
import { tableColumn, writeTable } from "../src/data/parquet-output.ts";
import { columnStats, statsToJson } from "../src/data/stats.ts";
import { writeTasks } from "../src/data/tasks.ts";
import type { Column, Feature } from "../src/data/types.ts";

const length = 20;
const width = 14;
const vector: Feature = { dtype: "float32", shape: [width], names: null };
const features: Readonly<Record<string, Feature>> = { "observation.state": vector, action: vector, ...defaultFeatures };

/** Writes a dataset of so many episodes, all rows in one row group. */
function write(root: string, episodes: number): void {
  for (const folder of ["data/chunk-000", "meta/episodes/chunk-000"])
    mkdirSync(join(root, folder), { recursive: true });
  const frames = episodes * length;
  const ints = (of: (row: number) => number): Column => ({
    dtype: "int64",
    shape: [1],
    data: BigInt64Array.from({ length: frames }, (_, row) => BigInt(of(row))),
  });
  const floats = Float32Array.from({ length: frames * width }, (_, at) => Math.sin(at / 97));
  const columns = new Map<string, Column>([
    ["observation.state", { dtype: "float32", shape: [width], data: floats }],
    ["action", { dtype: "float32", shape: [width], data: floats }],
    [
      "timestamp",
      { dtype: "float32", shape: [1], data: Float32Array.from({ length: frames }, (_, row) => (row % length) / 10) },
    ],
    ["frame_index", ints((row) => row % length)],
    ["episode_index", ints((row) => Math.floor(row / length))],
    ["index", ints((row) => row)],
    ["task_index", ints(() => 0)],
  ]);
  const place = { chunk: 0, file: 0 };
  const records = Array.from({ length: episodes }, (_, index) => ({
    index,
    length,
    tasks: ["fold"],
    extra: {},
    fromIndex: index * length,
    toIndex: (index + 1) * length,
    data: place,
    videos: new Map(),
    meta: place,
  }));
  const table = [...columns].map(([name, column]) => tableColumn(name, column));
  writeTable(join(root, "data/chunk-000/file-000.parquet"), table);
  const declared = new Map(Object.entries(features));
  writeEpisodes(join(root, "meta/episodes/chunk-000/file-000.parquet"), records, [], declared, new Map());
  writeTasks(join(root, "meta/tasks.parquet"), new Map([[0, "fold"]]));
  const stats = new Map([...columns].map(([name, column]) => [name, columnStats(column, frames)]));
  writeFileSync(join(root, "meta/stats.json"), JSON.stringify(statsToJson(stats, declared)));
  const counts = { total_episodes: episodes, total_frames: frames, total_tasks: 1 };
  writeFileSync(
    join(root, "meta/info.json"),
    JSON.stringify({ codebase_version: "v3.0", fps: 10, ...counts, features }),
  );
}

/** Validates in this process, and prints the CPU it took, or the most memory in use (garbage collected before each look). */
async function measure(root: string, what: string): Promise<void> {
  const collect = (globalThis as { gc?: () => void }).gc!;
  const inUse = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / 2 ** 20;
  };
  const idle = inUse();
  let most = 0;
  const looking =
    what === "memory"
      ? setInterval(() => {
          most = Math.max(most, inUse());
        }, 100)
      : undefined;
  const before = process.cpuUsage();
  const problems = await validateDataset(root);
  const { user, system } = process.cpuUsage(before);
  clearInterval(looking);
  if (problems.length > 0) throw new Error(`expected nothing wrong, got ${JSON.stringify(problems[0])}`);
  console.log(what === "memory" ? most - idle : (user + system) / 1e6);
}

/** A process of its own for each measurement. */
function measured(root: string, what: string): number {
  const command = ["--expose-gc", "--import", "tsx", import.meta.filename, root, what];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), "pistar-bench-"));
  const figures: Record<string, number> = {};
  try {
    for (const episodes of [500, 5000, 20_000]) {
      const root = join(folder, String(episodes));
      write(root, episodes);
      figures[`cpu_s_${episodes}`] = measured(root, "cpu");
      figures[`memory_mb_${episodes}`] = measured(root, "memory");
      figures[`file_mb_${episodes}`] = statSync(join(root, "data/chunk-000/file-000.parquet")).size / 2 ** 20;
    }
    figures.cpu_ratio = figures.cpu_s_5000! / figures.cpu_s_500!;
    figures.memory_ratio = figures.memory_mb_20000! / figures.memory_mb_5000!;
    for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(16)} ${value.toFixed(2)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(JSON.stringify({ bench: "shared-row-group", ...figures }));
}

const [root, what] = process.argv.slice(2);
if (root === undefined || what === undefined) compare();
else await measure(root, what);
