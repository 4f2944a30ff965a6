// Exports version 2.1 of the format (one parquet and one mp4 an episode), for trainers without support for 3.0.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildAside, type CopyOptions, checkOrder, recordedTimes } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { huggingfaceMetadata } from "./dtypes.ts";
import { fillPath, infoPath } from "./info.ts";
import { copyLabels } from "./label-copy.ts";
import { scalars, writeTable } from "./parquet-output.ts";
import { PythonFloat, pythonJson } from "./python-json.ts";
import { type Stats, statsToPython } from "./stats.ts";
import { copyUnknownMeta } from "./unknown-meta.ts";
import { joinVideos } from "./video-copy.ts";

const dataPath = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
const videoPath = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";

/**
 * Writes a v2.1 copy of `source` at `target` (a new folder): rows bit for bit, videos cut without re-encoding. The
 * folder appears under its name only when complete.
 *
 * @throws Error if an episode's rows are out of place or its timestamps impossible, unless repaired
 */
export async function exportVersion21(
  source: LeRobotDataset,
  target: string,
  options: Pick<CopyOptions, "progress" | "repair" | "onNote"> = {},
): Promise<void> {
  await buildAside(target, async (folder) => {
    for (const [at, { index }] of source.episodes.entries()) {
      await writeEpisode(source, index, folder, options);
      options.progress?.(at + 1, source.episodes.length);
    }
    mkdirSync(join(folder, "meta"), { recursive: true });
    await writeLists(source, folder);
    writeInfo(source, folder);
    copyUnknownMeta(source.root, folder);
    await copyLabels(
      source.episodes.map(({ index }) => ({ source, episode: index })),
      folder,
    );
  });
}

const videosOf = ({ features }: LeRobotDataset) =>
  [...features].flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));

async function writeEpisode(
  source: LeRobotDataset,
  index: number,
  folder: string,
  options: Pick<CopyOptions, "repair" | "onNote">,
): Promise<void> {
  const { info, features } = source;
  const videos = videosOf(source);
  const record = source.episodes.find((episode) => episode.index === index)!;
  await checkOrder(source, record, options);
  const recorded = await recordedTimes(source, record, options);
  const path = (template: string, key = "") => {
    const values = { episode_chunk: Math.floor(index / info.chunks_size), episode_index: index, video_key: key };
    const file = join(folder, fillPath(template, values));
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  const columns = [...features.keys(), ...(await source.undeclared())].filter((name) => !videos.includes(name));
  const table = await Promise.all(
    columns.map((name) =>
      name === "timestamp" && options.repair && !recorded
        ? scalars(
            name,
            "float32",
            Array.from({ length: record.length }, (_, frame) => frame / info.fps),
          )
        : source.raw(index, name),
    ),
  );
  writeTable(path(dataPath), table, { huggingface: huggingfaceMetadata(features) });
  for (const camera of videos) await joinVideos([source.video(index, camera)], info.fps, path(videoPath, camera));
}

/** The lists of tasks, episodes and statistics. pandas reads them, so floats stay floats. */
async function writeLists(source: LeRobotDataset, folder: string): Promise<void> {
  const { episodes, tasks, features } = source;
  const lines = (name: string, values: readonly unknown[]) =>
    writeFileSync(join(folder, "meta", name), values.map((value) => `${pythonJson(value)}\n`).join(""));
  lines(
    "tasks.jsonl",
    [...tasks].map(([task_index, task]) => ({ task_index, task })),
  );
  lines(
    "episodes.jsonl",
    episodes.map(({ index, tasks, length, extra }) => {
      const columns = Object.entries(extra).map(([name, value]) => [name, floats(value)]);
      return { episode_index: index, tasks, length, ...Object.fromEntries(columns) };
    }),
  );
  const stats = await source.episodeStats();
  lines(
    "episodes_stats.jsonl",
    episodes.flatMap(({ index }) => {
      const found = stats.get(index);
      return found ? [{ episode_index: index, stats: statsToPython(withoutQuantiles(found), features) }] : [];
    }),
  );
}

/** Numbers of an episode column of parquet are floats: its integers come as bigints. */
const floats = (value: unknown) => (typeof value === "number" ? new PythonFloat(value) : value);

function writeInfo(source: LeRobotDataset, folder: string): void {
  const { info, episodes } = source;
  const videos = videosOf(source);
  const { data_files_size_in_mb: _, video_files_size_in_mb: __, ...kept } = info;
  const written = {
    ...kept,
    codebase_version: "v2.1",
    total_videos: videos.length * episodes.length,
    total_chunks: Math.ceil(episodes.length / info.chunks_size),
    data_path: dataPath,
    video_path: videos.length > 0 ? videoPath : null,
  };
  writeFileSync(join(folder, infoPath), JSON.stringify(written, null, 4));
}

/** Version 2.1 keeps five measures. */
function withoutQuantiles(stats: Stats): Stats {
  return new Map([...stats].map(([name, { q01, q10, q50, q90, q99, ...five }]) => [name, five]));
}
