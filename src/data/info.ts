// meta/info.json: features, counts and path templates of a dataset, in versions 2.0, 2.1 and 3.0 of the format.
import { z } from "zod";
import { checked, PistarError, readJson } from "../system/index.ts";
import { isDepth, isKnown, pictureShape } from "./dtypes.ts";
import { inside } from "./paths.ts";
import type { Feature } from "./types.ts";

const feature = z
  .looseObject({
    dtype: z.string(),
    shape: z.array(z.int().min(0)),
    names: z.unknown().default(null),
    info: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform(({ info, ...rest }) => (info ? { ...rest, info } : rest) as Feature);

const schema = z.looseObject({
  codebase_version: z.string(),
  robot_type: z.string().nullish(),
  fps: z.number().positive(),
  total_episodes: z.int().min(0).default(0),
  total_frames: z.int().min(0).default(0),
  total_tasks: z.int().min(0).default(0),
  chunks_size: z.int().positive().default(1000),
  data_files_size_in_mb: z.number().positive().default(100),
  video_files_size_in_mb: z.number().positive().default(200),
  splits: z.record(z.string(), z.string()).default({}),
  data_path: z.string().default("data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"),
  video_path: z.string().nullish(),
  features: z.record(z.string(), feature),
});

export type Info = z.infer<typeof schema>;

export const infoPath = "meta/info.json";
export const videoPath = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
export const episodesPath = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";

/** Features every dataset has; the writer fills them. */
export const defaultFeatures: Readonly<Record<string, Feature>> = {
  timestamp: { dtype: "float32", shape: [1], names: null },
  frame_index: { dtype: "int64", shape: [1], names: null },
  episode_index: { dtype: "int64", shape: [1], names: null },
  index: { dtype: "int64", shape: [1], names: null },
  task_index: { dtype: "int64", shape: [1], names: null },
};

/** Checks the value of an info.json. `path` is for the error. */
export function parseInfo(value: unknown, path: string): Info {
  const info = checked(schema, value, path);
  const version = info.codebase_version;
  if (!/^v(2\.[01]|3\.\d+)$/.test(version))
    throw new PistarError(
      "wrong-layout",
      `${path}: expected codebase_version v2.0, v2.1 or v3.0, got ${JSON.stringify(version)}`,
      { path },
    );
  return info;
}

/** Reads and checks meta/info.json of the dataset at `root`. */
export function readInfo(root: string): Info {
  const path = inside(root, infoPath);
  return parseInfo(readJson(path), path);
}

export function isVersion3(info: Info): boolean {
  return info.codebase_version.startsWith("v3");
}

/** Fills a path template such as `data/chunk-{chunk_index:03d}/…`. */
export function fillPath(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)(?::0(\d+)d)?\}/g, (_, name: string, width: string | undefined) => {
    const value = values[name];
    if (value === undefined) throw new Error(`path template "${template}": no value for {${name}}`);
    return String(value).padStart(Number(width ?? 0), "0");
  });
}

/** The chunk and file after the given one: a chunk is a folder of at most `chunksSize` files. */
export function nextFile(last: FilePlace | undefined, chunksSize: number): FilePlace {
  if (!last) return { chunk: 0, file: 0 };
  return last.file >= chunksSize - 1 ? { chunk: last.chunk + 1, file: 0 } : { chunk: last.chunk, file: last.file + 1 };
}

export interface FilePlace {
  readonly chunk: number;
  readonly file: number;
}

/** Refuses features unfit for a v3.0 dataset, before any recording. */
export function checkFeatures(features: ReadonlyMap<string, Feature>): void {
  for (const [name, feature] of features) {
    const { dtype, shape } = feature;
    if (name.includes("/")) throw new Error(`feature "${name}": names must not contain "/"`);
    if (!isKnown(dtype)) throw new Error(`feature "${name}": cannot write dtype "${dtype}"`);
    if (dtype === "image" || dtype === "video") {
      const channels = isDepth(feature) ? 1 : 3;
      if (pictureShape(feature)?.channels !== channels)
        throw new Error(`feature "${name}": expected shape [height, width, ${channels}], got [${shape.join(", ")}]`);
    } else if (dtype === "string" ? shape.length !== 1 || shape[0] !== 1 : shape.length < 1 || shape.length > 5)
      throw new Error(
        `feature "${name}": expected ${dtype === "string" ? "shape [1]" : "1 to 5 dimensions"}, got [${shape.join(", ")}]`,
      );
    if (shape.some((side) => side < 1))
      throw new Error(`feature "${name}": expected positive sides, got [${shape.join(", ")}]`);
  }
}
