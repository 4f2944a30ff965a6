// Pictures of an episode, colour and depth, from parquet cells or from videos.
import { located, PistarError } from "../system/index.ts";
import { type DepthEncoding, type DepthMap, decodeDepthPicture, depthEncoding } from "./depth.ts";
import { isCamera, isDepth } from "./dtypes.ts";
import { type EpisodeRecord, videoFile } from "./episodes.ts";
import { FilePool } from "./file-pool.ts";
import type { Info } from "./info.ts";
import { decodeImage } from "./png.ts";
import type { EpisodeRows, RowReader } from "./row-reader.ts";
import type { Feature, Image } from "./types.ts";
import type { VideoPart } from "./video-copy.ts";
import { openVideoReader, type VideoReader } from "./video-reader.ts";

export class CameraReader {
  private readonly root: string;
  private readonly info: Info;
  private readonly rows: RowReader;
  private readonly videos = new FilePool<VideoReader>(openVideoReader);

  constructor(root: string, info: Info, rows: RowReader) {
    this.root = root;
    this.info = info;
    this.rows = rows;
  }

  /** The stretch of a video file with an episode's frames of a camera. */
  part({ index, length, videos }: EpisodeRecord, camera: string): VideoPart {
    const span = videos.get(camera);
    if (!span)
      throw new PistarError(
        "damaged-file",
        `${this.root}, episode ${index}: expected a video of "${camera}", got none`,
        { path: this.root },
      );
    return { path: videoFile(this.root, this.info, camera, index, span), from: span.from, frames: length };
  }

  /** RGB pictures of the frames `indices`, in that order. */
  frames(episode: EpisodeRecord, camera: string, indices: readonly number[]): Promise<Image[]> {
    const feature = this.feature(camera);
    if (isDepth(feature))
      throw new PistarError("bad-option", `${this.root}: "${camera}" is a depth map; read it with depth(), in metres`, {
        path: this.root,
      });
    return this.read(episode, camera, indices, decodeImage, (reader, times) => reader.frames(times));
  }

  /** Depth maps in metres of the frames `indices`, in that order. */
  depth(episode: EpisodeRecord, camera: string, indices: readonly number[]): Promise<DepthMap[]> {
    const feature = this.feature(camera);
    if (!isDepth(feature))
      throw new PistarError("bad-option", `${this.root}: "${camera}" holds colour pictures; read it with frames()`, {
        path: this.root,
      });
    const encoding: DepthEncoding = depthEncoding(feature, `${this.root}, column "${camera}"`);
    const decode = (bytes: Uint8Array, where: string) => decodeDepthPicture(bytes, encoding, where);
    return this.read(episode, camera, indices, decode, (reader, times) => reader.depth(times, encoding));
  }

  private feature(camera: string): Feature {
    const feature = this.info.features[camera];
    if (feature && isCamera(feature)) return feature;
    const cameras = Object.entries(this.info.features).flatMap(([name, one]) => (isCamera(one) ? [name] : []));
    throw new PistarError(
      "bad-option",
      `${this.root}: expected a camera among ${cameras.join(", ") || "(none)"}, got "${camera}"`,
      { path: this.root },
    );
  }

  private async read<Picture>(
    episode: EpisodeRecord,
    camera: string,
    indices: readonly number[],
    decode: (bytes: Uint8Array, where: string) => Promise<Picture>,
    fromVideo: (reader: VideoReader, times: readonly number[]) => Picture[],
  ): Promise<Picture[]> {
    for (const index of indices)
      if (!Number.isInteger(index) || index < 0 || index >= episode.length)
        throw new PistarError(
          "bad-option",
          `${this.root}, episode ${episode.index}: expected a frame from 0 to ${episode.length - 1}, got ${index}`,
          { path: this.root },
        );
    const where = `episode ${episode.index}, column "${camera}"`;
    if (this.feature(camera).dtype === "image")
      return this.rows.use(episode, async (rows) => {
        const cells = await storedPictures(rows, camera, indices);
        return Promise.all(
          cells.map((cell, at) => {
            const place = `${rows.file.path}, ${where}, frame ${indices[at]}`;
            if (!cell?.bytes) throw new Error(`${place}: expected a picture's bytes, got none`);
            return decode(cell.bytes, place);
          }),
        );
      });
    const { path, from } = this.part(episode, camera);
    const times = indices.map((index) => from + index / this.info.fps);
    try {
      return await this.videos.use(path, (reader) => fromVideo(reader, times));
    } catch (error) {
      throw located(where, error);
    }
  }

  close(): Promise<void> {
    return this.videos.close();
  }
}

type PictureCell = { readonly bytes?: Uint8Array } | null;

/** The cells of some frames. Neighbours are read at once: reading one row reads all that is compressed with it. */
async function storedPictures(rows: EpisodeRows, camera: string, indices: readonly number[]): Promise<PictureCell[]> {
  const cells: PictureCell[] = [];
  for (let at = 0; at < indices.length; ) {
    let end = at + 1;
    while (indices[end] === indices[end - 1]! + 1) end++;
    cells.push(...(Array.from(await rows.values(camera, indices[at]!, indices[end - 1]! + 1)) as PictureCell[]));
    at = end;
  }
  return cells;
}
