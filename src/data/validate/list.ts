// The counts of info.json, the list of episodes and the list of tasks.
import { existsSync } from "node:fs";
import { type EpisodeRecord, unlisted } from "../episodes.ts";
import { defaultFeatures, type Info, infoPath, isVersion3 } from "../info.ts";
import { openParquet } from "../parquet-file.ts";
import { inside } from "../paths.ts";
import { tasksPath } from "../tasks.ts";
import type { Findings } from "./problem.ts";

/** LeRobot looks tasks up through the pandas index and by row number. */
export async function checkTasksIndex(found: Findings, root: string, info: Info): Promise<void> {
  await found.attempt(tasksPath, async () => {
    const path = inside(root, tasksPath);
    if (!existsSync(path)) {
      if (info.total_tasks > 0) found.error(tasksPath, `expected ${info.total_tasks} tasks, the file is missing`);
      return;
    }
    const file = await openParquet(path);
    try {
      const pandas = file.metadata.key_value_metadata?.find(({ key }) => key === "pandas")?.value;
      const indexed = pandas ? (JSON.parse(pandas) as { index_columns?: unknown[] }).index_columns : undefined;
      if (!indexed?.some((name) => name === "task" || name === "__index_level_0__"))
        found.warn(
          tasksPath,
          `expected pandas metadata with index_columns ["task"], got ${JSON.stringify(indexed) ?? "none"}; LeRobot finds no instruction without`,
        );
      const numbers = Array.from(await file.values("task_index"), Number);
      if (numbers.some((number, row) => number !== row))
        found.warn(
          tasksPath,
          `expected task_index 0, 1, 2, … by row, got ${numbers.slice(0, 5)}; LeRobot takes the row's number for it`,
        );
    } finally {
      await file.close();
    }
  });
}

/** Checks info.json's counts and declarations, and the order of episodes. */
export function checkList(
  found: Findings,
  info: Info,
  episodes: readonly EpisodeRecord[],
  tasks: ReadonlyMap<number, string> | undefined,
): void {
  const counts = {
    total_episodes: episodes.length,
    total_frames: episodes.reduce((sum, { length }) => sum + length, 0),
    ...(tasks && { total_tasks: tasks.size }),
  };
  for (const [name, counted] of Object.entries(counts))
    if (info[name] !== counted)
      found.add(
        name === "total_tasks" ? "warning" : "error",
        infoPath,
        `${name} is ${info[name]}, the dataset has ${counted}`,
      );
  for (const [name, { dtype, shape }] of Object.entries(defaultFeatures)) {
    const declared = info.features[name];
    const place = { column: name };
    if (!declared) found.error(infoPath, `expected the feature "${name}"`, place);
    else if (declared.dtype !== dtype || declared.shape.length !== 1 || declared.shape[0] !== shape[0])
      found.warn(infoPath, `expected ${dtype} [1], got ${declared.dtype} [${declared.shape.join(", ")}]`, place);
  }
  checkEpisodes(found, isVersion3(info) ? "meta/episodes" : "meta/episodes.jsonl", episodes, tasks);
}

function checkEpisodes(
  found: Findings,
  file: string,
  episodes: readonly EpisodeRecord[],
  tasks: ReadonlyMap<number, string> | undefined,
): void {
  const texts = new Set(tasks?.values());
  let before = -1;
  let next = 0;
  for (const { index, length, fromIndex, toIndex, tasks: own } of episodes) {
    const place = { episode: index };
    if (index === before) found.error(file, "the episode is listed twice", place);
    else if (index > before + 1) found.error(file, `${missing(before + 1, index - 1)} before it`, place);
    if (fromIndex !== next || toIndex - fromIndex !== length)
      found.error(
        file,
        `expected frames ${next} to ${next + length}, got ${fromIndex} to ${toIndex} for length ${length}`,
        place,
      );
    before = index;
    next = toIndex;
    for (const task of own)
      if (tasks && !texts.has(task))
        found.warn(file, `task ${JSON.stringify(task)} is not in the list of tasks`, place);
  }
  if (episodes.some((episode) => episode.tasks === unlisted))
    found.add("note", file, 'there is no column "tasks"; they follow from the frames\' task_index');
}

function missing(first: number, last: number): string {
  return first === last ? `episode ${first} is missing` : `episodes ${first} to ${last} are missing`;
}
