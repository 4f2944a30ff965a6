// The files of one episode in the recording folder: its rows in one row group, a video a camera, and their description.

import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { PistarError } from "../system/index.ts";
import { allocate, huggingfaceMetadata, isCamera, isNumeric, parquetColumn, sizeOf } from "./dtypes.ts";
import { type TableColumn, tableColumn, writeTable } from "./parquet-output.ts";
import { type SavedEpisode, savedVideo } from "./recording-folder.ts";
import { columnStats, type FeatureStats } from "./stats.ts";
import type { Column, Feature } from "./types.ts";
import { joinVideos, probeVideo, type VideoPart } from "./video-copy.ts";

/** A whole episode. The writer computes the default features other than the tasks'. */
export interface EpisodeContent {
  readonly length: number;
  /** The instruction of each frame. */
  readonly tasks: readonly string[];
  /** Columns [length, ...shape] of the features beside defaults and cameras. */
  readonly columns: ReadonlyMap<string, Column>;
  /** PNG bytes of each frame, for cameras of dtype "image". */
  readonly pictures: ReadonlyMap<string, readonly Uint8Array[]>;
  /**
   * For cameras of dtype "video": the stretch of an mp4 file to copy; undefined if the file is in the folder already.
   */
  readonly videos: ReadonlyMap<string, VideoPart | undefined>;
  readonly cameraStats: ReadonlyMap<string, FeatureStats>;
  /** Columns of types pistar does not know, carried along. */
  readonly carried: readonly TableColumn[];
  /** Episode-level columns. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Timestamps of a real clock; without them, frame / fps. */
  readonly timestamps?: Column;
}

interface Place {
  readonly index: number;
  readonly fromIndex: number;
  readonly fps: number;
  readonly features: ReadonlyMap<string, Feature>;
  /** task_index by instruction. */
  readonly tasks: ReadonlyMap<string, number>;
}

/** Writes an episode's files into `folder` and describes them. May be called again after an error. */
export async function writeContent(folder: string, content: EpisodeContent, place: Place): Promise<SavedEpisode> {
  const { index, fromIndex, fps, features, tasks } = place;
  const { length } = content;
  if (length === 0) throw new Error(`episode ${index}: expected at least one frame`);
  const columns = new Map<string, Column>();
  const stats: [string, FeatureStats][] = [];
  const table: TableColumn[] = [];
  for (const [name, feature] of features) {
    const where = `episode ${index}, column "${name}"`;
    if (isCamera(feature)) {
      const found = content.cameraStats.get(name);
      if (found) stats.push([name, found]);
      if (feature.dtype === "image") table.push(pictureColumn(name, feature, content, where));
      continue;
    }
    const carried = content.carried.find((column) => column.name === name);
    if (carried) {
      table.push(carried);
      continue;
    }
    const timestamps = name === "timestamp" ? content.timestamps : undefined;
    const column = timestamps ?? defaultColumn(name, content, place) ?? content.columns.get(name);
    if (!column) throw new Error(`${where}: expected a column of ${length} frames, got none`);
    const size = sizeOf(feature.shape);
    if (column.dtype !== feature.dtype || column.data.length !== length * size)
      throw new Error(
        `${where}: expected ${feature.dtype} [${[length, ...feature.shape].join(", ")}], got ${column.dtype} with ${column.data.length} values`,
      );
    columns.set(name, column);
    table.push(tableColumn(name, { ...column, shape: feature.shape }));
    if (isNumeric(feature.dtype)) stats.push([name, named(where, () => columnStats(column, length))]);
  }
  table.push(...content.carried.filter(({ name }) => !features.has(name)));
  const data = join(folder, "data.parquet");
  rmSync(data, { force: true });
  // `datasets` wants all columns typed or none.
  writeTable(data, table, content.carried.length > 0 ? {} : { huggingface: huggingfaceMetadata(features) });

  const videoBytes: Record<string, number> = {};
  const encodings: Record<string, string> = {};
  for (const [camera, part] of content.videos) {
    const path = savedVideo(folder, camera);
    if (part) await named(`episode ${index}, column "${camera}"`, () => joinVideos([part], fps, path));
    const { times, signature } = await probeVideo(path);
    if (times.length !== length)
      throw new PistarError(
        "damaged-file",
        `${path}: episode ${index}, column "${camera}": expected ${length} frames, the encoder wrote ${times.length}; is the disk full?`,
        { path },
      );
    videoBytes[camera] = statSync(path).size;
    encodings[camera] = signature;
  }
  const unique = [...new Set(content.tasks)];
  return {
    index,
    length,
    fromIndex,
    tasks: unique.map((task) => [tasks.get(task)!, task]),
    extra: content.extra,
    stats,
    dataBytes: statSync(data).size,
    videoBytes,
    encodings,
  };
}

function pictureColumn(
  name: string,
  feature: Feature,
  { pictures, length }: EpisodeContent,
  where: string,
): TableColumn {
  const bytes = pictures.get(name);
  if (bytes?.length !== length) throw new Error(`${where}: expected ${length} pictures, got ${bytes?.length ?? 0}`);
  const values = bytes.map((data, frame) => {
    const extension = data[0] === data[1] && (data[0] === 0x49 || data[0] === 0x4d) ? "tiff" : "png";
    return { bytes: data, path: `frame-${String(frame).padStart(6, "0")}.${extension}` };
  });
  return { name, schema: parquetColumn(name, feature), values };
}

/** The five features every dataset has. */
function defaultColumn(
  name: string,
  { length, tasks: texts }: EpisodeContent,
  { index, fromIndex, fps, tasks }: Place,
): Column | undefined {
  const values: Record<string, (frame: number) => number> = {
    timestamp: (frame) => frame / fps,
    frame_index: (frame) => frame,
    episode_index: () => index,
    index: (frame) => fromIndex + frame,
    task_index: (frame) => tasks.get(texts[frame]!)!,
  };
  const of = values[name];
  if (!of) return undefined;
  const dtype = name === "timestamp" ? "float32" : "int64";
  const data = allocate(dtype, length);
  for (let frame = 0; frame < length; frame++)
    if (data instanceof BigInt64Array) data[frame] = BigInt(of(frame));
    else (data as Float32Array)[frame] = of(frame);
  return { dtype, shape: [1], data };
}

function named<T>(where: string, task: () => T): T {
  const rename = (error: unknown): never => {
    throw Object.assign(new Error(`${where}: ${(error as Error).message}`), {
      code: (error as NodeJS.ErrnoException).code,
    });
  };
  try {
    const result = task();
    return result instanceof Promise ? (result.catch(rename) as T) : result;
  } catch (error) {
    return rename(error);
  }
}
