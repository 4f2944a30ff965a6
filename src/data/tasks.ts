// The list of instructions: meta/tasks.parquet (v3.0) or meta/tasks.jsonl (v2.x).
import { existsSync } from "node:fs";
import { z } from "zod";
import { checked, PistarError, readJsonLines } from "../system/index.ts";
import { openParquet } from "./parquet-file.ts";
import { scalars, writeTable } from "./parquet-output.ts";
import { inside } from "./paths.ts";

export const tasksPath = "meta/tasks.parquet";

/** Instructions of the largest datasets number some thousands. A list longer than this is damage, and would fill the memory. */
const mostTasks = 2 ** 18;

const line = z.looseObject({ task_index: z.int().min(0), task: z.string() });

/** Instruction text by task_index, for any order of rows and any name of the index column. */
export async function readTasks(root: string, version3: boolean): Promise<Map<number, string>> {
  const path = inside(root, version3 ? tasksPath : "meta/tasks.jsonl");
  if (!version3) {
    const entries = readJsonLines(path).map((value, at) => {
      const { task_index, task } = checked(line, value, `${path}, line ${at + 1}`);
      return [task_index, task] as const;
    });
    return unique(entries, path);
  }
  if (!existsSync(path)) return new Map();
  const file = await openParquet(path);
  try {
    // pandas stores its index as a column: "task", or "__index_level_0__" in an older recording.
    const name = ["task", "__index_level_0__"].find((candidate) => file.columns.has(candidate));
    if (!name || !file.columns.has("task_index"))
      throw new PistarError(
        "damaged-file",
        `${path}: expected columns task_index and task, got ${[...file.columns.keys()].join(", ")}`,
        { path },
      );
    if (file.rows > mostTasks)
      throw new PistarError("damaged-file", `${path}: expected at most ${mostTasks} tasks, got ${file.rows}`, { path });
    const numbers = Array.from(await file.values("task_index"), Number);
    const texts = Array.from(await file.values(name), String);
    return unique(
      numbers.map((number, at) => [number, texts[at]!] as const),
      path,
    );
  } finally {
    await file.close();
  }
}

function unique(entries: readonly (readonly [number, string])[], path: string): Map<number, string> {
  const tasks = new Map(entries);
  if (tasks.size < entries.length)
    throw new PistarError("damaged-file", `${path}: expected each task_index once`, { path });
  return tasks;
}

/** Writes tasks.parquet at `path` with `task` as pandas' index. LeRobot relies on it. */
export function writeTasks(path: string, tasks: ReadonlyMap<number, string>): void {
  const sorted = [...tasks].sort(([a], [b]) => a - b);
  const column = (name: string, type: string, numpy: string) => ({
    name,
    field_name: name,
    pandas_type: type,
    numpy_type: numpy,
    metadata: null,
  });
  const pandas = JSON.stringify({
    index_columns: ["task"],
    column_indexes: [
      { ...column("", "unicode", "object"), name: null, field_name: null, metadata: { encoding: "UTF-8" } },
    ],
    columns: [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
    creator: { library: "pyarrow", version: "21.0.0" },
    pandas_version: "2.3.1",
  });
  const numbers = scalars(
    "task_index",
    "int64",
    sorted.map(([number]) => BigInt(number)),
  );
  const texts = scalars(
    "task",
    "string",
    sorted.map(([, text]) => text),
  );
  writeTable(path, [numbers, texts], { pandas });
}
