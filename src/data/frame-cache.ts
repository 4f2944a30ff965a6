// The frame cache: one camera of a dataset, decoded once and kept as raw RGB at training resolution. A frame is one
// read at a known place. Frames are numbered over the whole dataset, in the order of its episodes.
//
//     <directory>/<height>x<width>/<camera>/index.json          the cached frames, and the bytes they come from
//                                           segment-000.rgb     [frames, height, width, 3], 64 episodes each
//
// A segment is written under another name, flushed, renamed and then entered in the index. The index is replaced as a
// whole. So a kill loses one segment at most, and the next build continues from there. The index records the contents
// of the source files. If they only grew by new files and episodes, as in recording, the missing episodes are added. If
// any file changed, all is built anew. There is one build at a time; other users of the cache wait for it.
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { located, PistarError, takeLock } from "../system/index.ts";
import { contentsOf, unchanged } from "./content.ts";
import { resizeWithPad } from "./resize.ts";
import type { Dataset, Episode } from "./types.ts";

const episodesPerSegment = 64;
/** Decoded at once. A small picture's whole episode fits in: reading part of a row group reads all of it. */
const bytesPerRead = 1 << 25;

const indexSchema = z.object({
  version: z.literal(1),
  height: z.number(),
  width: z.number(),
  /** [episode_index, frames] of the episodes cached. */
  episodes: z.array(z.tuple([z.number(), z.number()])),
  segments: z.array(z.object({ file: z.string(), frames: z.number() })),
  contents: z.record(z.string(), z.object({ size: z.number(), modified: z.string(), sha256: z.string() })),
});
type Index = z.infer<typeof indexSchema>;

export interface FrameCacheOptions {
  /** Folder of the caches; it may serve several sizes and cameras of one dataset. */
  readonly directory: string;
  readonly height: number;
  readonly width: number;
  /** Called as frames are decoded. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Brings the cache of one camera up to date with the dataset.
 *
 * @returns the folder for `FrameCache`
 * @throws Error naming dataset, camera and episode if frames cannot be read
 */
export async function buildFrameCache(
  dataset: Dataset,
  camera: string,
  { directory, height, width, onProgress }: FrameCacheOptions,
): Promise<string> {
  const folder = join(directory, `${height}x${width}`, camera);
  const episodes = dataset.episodes.map(({ index, length }): [number, number] => [index, length]);
  const total = episodes.reduce((sum, [, length]) => sum + length, 0);
  const release = await takeTurn(folder, (done) => onProgress?.(done, total));
  try {
    await build(dataset, camera, { folder, height, width, episodes }, (done) => onProgress?.(done, total));
  } finally {
    release();
  }
  return folder;
}

/**
 * Waits while another process or thread builds the cache, and reports its progress.
 * @returns a function to end one's own turn
 */
async function takeTurn(folder: string, onProgress: (done: number) => void): Promise<() => void> {
  for (;;) {
    const taken = takeLock(join(folder, "lock"));
    if (typeof taken === "function") return taken;
    onProgress(cachedFrames(readIndex(folder)));
    await setTimeout(500);
  }
}

async function build(
  dataset: Dataset,
  camera: string,
  { folder, height, width, episodes }: Pick<Index, "height" | "width" | "episodes"> & { readonly folder: string },
  onProgress: (done: number) => void,
): Promise<void> {
  removeLeftovers(folder);
  const known = readIndex(folder);
  const contents = await contentsOf(dataset.root, sourceFiles(dataset, camera), known?.contents);
  let index: Index;
  if (known && isPrefix(known.episodes, episodes) && unchanged(known.contents, contents) && intact(folder, known)) {
    index = { ...known, contents };
  } else {
    rmSync(join(folder, "index.json"), { force: true });
    index = { version: 1, height, width, episodes: [], segments: [], contents };
  }
  let done = cachedFrames(index);
  while (index.episodes.length < episodes.length) {
    const from = index.episodes.length;
    const chosen = dataset.episodes.slice(from, from + episodesPerSegment);
    const file = `segment-${String(index.segments.length).padStart(3, "0")}.rgb`;
    const frames = await writeSegment(dataset, camera, chosen, join(folder, file), height, width, (decoded) => {
      done += decoded;
      onProgress(done);
    });
    index = {
      ...index,
      episodes: episodes.slice(0, from + chosen.length),
      segments: [...index.segments, { file, frames }],
    };
    writeIndex(folder, index);
  }
  if (JSON.stringify(index) !== JSON.stringify(known)) writeIndex(folder, index);
}

const cachedFrames = (index: Index | undefined): number =>
  index?.segments.reduce((sum, { frames }) => sum + frames, 0) ?? 0;

/** Reads a cache of `buildFrameCache`. Each thread opens its own. */
export class FrameCache {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  private readonly segments: readonly { readonly handle: number; readonly first: number; readonly end: number }[];

  /** @param folder as `buildFrameCache` returned it */
  constructor(folder: string) {
    const index = readIndex(folder);
    if (!index)
      throw new PistarError(
        "damaged-file",
        `${folder}: expected a frame cache, got none or one of another version; build it again`,
        { path: folder },
      );
    this.height = index.height;
    this.width = index.width;
    let end = 0;
    this.segments = index.segments.map(({ file, frames }) => {
      end += frames;
      return { handle: openSync(join(folder, file), "r"), first: end - frames, end };
    });
    this.frames = end;
  }

  /** Bytes of a frame. */
  get frameBytes(): number {
    return this.height * this.width * 3;
  }

  /** Reads one frame, [height, width, 3], into `target` at `offset`. */
  read(frame: number, target: Uint8Array, offset = 0): void {
    const segment = this.segments.find(({ first, end }) => frame >= first && frame < end);
    if (!segment) throw new RangeError(`Expected a frame from 0 to ${this.frames - 1}, got ${frame}`);
    const bytes = this.frameBytes;
    const got = readSync(segment.handle, target, offset, bytes, (frame - segment.first) * bytes);
    if (got !== bytes)
      throw new Error(`Frame ${frame} of the cache: expected ${bytes} bytes, got ${got}; build the cache again`);
  }

  close(): void {
    for (const { handle } of this.segments) closeSync(handle);
  }
}

/**
 * Paths of the files that decide a camera's frames: its videos, or the tables with its images, and the episode table.
 */
function sourceFiles(dataset: Dataset, camera: string): string[] {
  const feature = dataset.features.get(camera);
  if (!feature || !dataset.cameras.includes(camera))
    throw new PistarError(
      "bad-option",
      `${dataset.root}: expected one of the cameras ${dataset.cameras.join(", ") || "(none)"}, got ${camera}`,
      { path: dataset.root },
    );
  const paths = readdirSync(dataset.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dataset.root, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const below = (folder: string) => paths.filter((path) => path.startsWith(folder));
  const stored = dataset.storedNames?.get(camera) ?? camera;
  const frames =
    feature.dtype === "video" ? below("videos/").filter((path) => path.includes(`/${stored}/`)) : below("data/");
  if (frames.length === 0)
    throw new PistarError(
      "missing-file",
      `${dataset.root}: expected files of camera ${camera} under ${feature.dtype === "video" ? "videos" : "data"}/, got none`,
      { path: dataset.root },
    );
  return [...frames, ...below("meta/episodes")].sort();
}

async function writeSegment(
  dataset: Dataset,
  camera: string,
  episodes: readonly Episode[],
  path: string,
  height: number,
  width: number,
  onFrames: (count: number) => void,
): Promise<number> {
  const [pictureHeight = 0, pictureWidth = 0] = dataset.features.get(camera)!.shape;
  const framesPerRead = Math.max(1, Math.floor(bytesPerRead / Math.max(1, 3 * pictureHeight * pictureWidth)));
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w");
  let written = 0;
  try {
    for (const { index, length } of episodes) {
      const where = `${dataset.root}, episode ${index}, camera ${camera}`;
      for (let first = 0; first < length; first += framesPerRead) {
        const wanted = Array.from({ length: Math.min(framesPerRead, length - first) }, (_, at) => first + at);
        const images = await dataset.frames(index, camera, wanted);
        if (images.length !== wanted.length)
          throw new Error(`${where}: expected ${wanted.length} frames from frame ${first} on, got ${images.length}`);
        for (const [at, image] of images.entries()) {
          if (image.data.length !== image.width * image.height * 3)
            throw new Error(
              `${where}, frame ${wanted[at]}: expected ${image.width}×${image.height} pixels of RGB, got ${image.data.length} bytes`,
            );
          writeAll(file, resizeWithPad(image, height, width).data);
        }
        written += images.length;
        onFrames(images.length);
      }
    }
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw located(`Frame cache ${path}`, error);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return written;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function readIndex(folder: string): Index | undefined {
  try {
    return indexSchema.safeParse(JSON.parse(readFileSync(join(folder, "index.json"), "utf8"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writeIndex(folder: string, index: Index): void {
  const temporary = join(folder, "index.json.tmp");
  writeFileSync(temporary, JSON.stringify(index), { flush: true });
  renameSync(temporary, join(folder, "index.json"));
}

function isPrefix(known: readonly [number, number][], episodes: readonly [number, number][]): boolean {
  return (
    known.length <= episodes.length &&
    known.every(([index, length], at) => episodes[at]![0] === index && episodes[at]![1] === length)
  );
}

/** Whether every segment is there in full. */
function intact(folder: string, { segments, height, width }: Index): boolean {
  return segments.every(
    ({ file, frames }) => statSync(join(folder, file), { throwIfNoEntry: false })?.size === frames * height * width * 3,
  );
}

/** Removes the remains of a killed build. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name), { force: true });
}
