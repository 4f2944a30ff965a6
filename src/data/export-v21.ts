// A copy in version 2.1 of the format (one parquet and one mp4 an episode), for trainers that have not moved to 3.0.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PistarError } from "../system/index.ts";
import type { Progress } from "./convert.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { huggingfaceMetadata } from "./dtypes.ts";
import { videoFile } from "./episodes.ts";
import { fillPath, infoPath } from "./info.ts";
import { writeTable } from "./parquet-output.ts";
import { type Stats, statsToJson } from "./stats.ts";
import { joinVideos } from "./video-copy.ts";

const dataPath = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
const videoPath = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";

/** Writes a v2.1 copy of `source` at `target` (a new folder): rows bit for bit, videos cut without re-encoding. */
export async function exportVersion21(source: LeRobotDataset, target: string, progress?: Progress): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new PistarError("already-there", `${target}: expected a folder that is new or empty`, { path: target });
  try {
    await write(source, target, progress);
  } catch (error) {
    // Part of a dataset must not pass for the whole.
    rmSync(target, { recursive: true, force: true });
    throw error;
  }
}

async function write(source: LeRobotDataset, target: string, progress?: Progress): Promise<void> {
  const { info, features, episodes, tasks } = source;
  const videos = [...features].flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));
  const columns = [...features.keys(), ...(await source.undeclared())].filter((name) => !videos.includes(name));
  const stats = await source.episodeStats();
  const path = (template: string, index: number, key = "") => {
    const values = { episode_chunk: Math.floor(index / info.chunks_size), episode_index: index, video_key: key };
    const file = join(target, fillPath(template, values));
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  for (const { index, length, videos: spans } of episodes) {
    const table = await Promise.all(columns.map((name) => source.raw(index, name)));
    writeTable(path(dataPath, index), table, { huggingface: huggingfaceMetadata(features) });
    for (const camera of videos) {
      const span = spans.get(camera)!;
      const part = { path: videoFile(source.root, info, camera, index, span), from: span.from, frames: length };
      await joinVideos([part], info.fps, path(videoPath, index, camera));
    }
    progress?.(index + 1, episodes.length);
  }
  mkdirSync(join(target, "meta"), { recursive: true });
  const lines = (name: string, values: readonly unknown[]) =>
    writeFileSync(join(target, "meta", name), values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  lines(
    "tasks.jsonl",
    [...tasks].map(([task_index, task]) => ({ task_index, task })),
  );
  lines(
    "episodes.jsonl",
    episodes.map(({ index, tasks, length, extra }) => ({ episode_index: index, tasks, length, ...extra })),
  );
  lines(
    "episodes_stats.jsonl",
    episodes.flatMap(({ index }) => {
      const found = stats.get(index);
      return found ? [{ episode_index: index, stats: statsToJson(withoutQuantiles(found), features) }] : [];
    }),
  );
  const { data_files_size_in_mb: _, video_files_size_in_mb: __, ...kept } = info;
  const written = {
    ...kept,
    codebase_version: "v2.1",
    total_videos: videos.length * episodes.length,
    total_chunks: Math.ceil(episodes.length / info.chunks_size),
    data_path: dataPath,
    video_path: videos.length > 0 ? videoPath : null,
  };
  writeFileSync(join(target, infoPath), JSON.stringify(written, null, 4));
}

/** Version 2.1 keeps five measures. */
function withoutQuantiles(stats: Stats): Stats {
  return new Map([...stats].map(([name, { q01, q10, q50, q90, q99, ...five }]) => [name, five]));
}
