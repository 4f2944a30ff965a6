// Lists everything wrong with a dataset in one pass, item by item. Nothing is changed.
import type { Progress } from "../copy.ts";
import { type EpisodeRecord, readEpisodes } from "../episodes.ts";
import { infoPath, isVersion3, readInfo } from "../info.ts";
import { checkLabels, labelsPath, listLabels, readLabels } from "../labels.ts";
import { readTasks, tasksPath } from "../tasks.ts";
import { checkFloats } from "./floats.ts";
import { checkList, checkTasksIndex } from "./list.ts";
import { Findings, type Problem } from "./problem.ts";
import { checkDataFile, dataUnits } from "./rows.ts";
import { checkStats, StatsCollector } from "./statistics.ts";
import { checkVideo, videoUnits } from "./videos.ts";

/**
 * Lists all problems of the dataset at `root`. Without errors in the list, LeRobot and pistar can read all of it. Columns are
 * read in full, statistics are recomputed, and pictures are sampled for theirs.
 */
export async function validateDataset(root: string, progress?: Progress): Promise<Problem[]> {
  const found = new Findings(root);
  const info = await found.attempt(infoPath, () => readInfo(root));
  if (!info) return found.problems;
  const version3 = isVersion3(info);
  const tasks = await found.attempt(version3 ? tasksPath : "meta/tasks.jsonl", () => readTasks(root, version3));
  const listFile = version3 ? "meta/episodes" : "meta/episodes.jsonl";
  const episodes = await found.attempt(listFile, () => readEpisodes(root, info));
  if (version3) await checkTasksIndex(found, root, info);
  if (!episodes) return found.problems;
  checkList(found, info, episodes, tasks);
  const units = dataUnits(found, root, info, episodes);
  const videos = videoUnits(found, root, info, episodes);
  const total = units.length + videos.length;
  const collector = new StatsCollector(info);
  for (const [at, { path, group }] of units.entries()) {
    await checkDataFile(found, { path, group, info, tasks, collector });
    progress?.(at + 1, total);
  }
  for (const [at, unit] of videos.entries()) {
    await checkVideo(found, unit, info);
    progress?.(units.length + at + 1, total);
  }
  await checkStats(found, root, info, episodes, collector);
  if (!version3) await checkFloats(found, root, info);
  await checkSidecars(found, root, episodes);
  return found.problems;
}

async function checkSidecars(found: Findings, root: string, episodes: readonly EpisodeRecord[]): Promise<void> {
  const lengths: number[] = [];
  for (const { index, length } of episodes) lengths[index] = length;
  for (const kind of ["returns", "advantages"] as const)
    for (const tag of listLabels(root, kind)) {
      const path = labelsPath(root, kind, tag);
      await found.attempt(path, async () => checkLabels(path, await readLabels(root, kind, tag), lengths));
    }
}
