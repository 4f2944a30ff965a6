// Pictures and depth maps of an mp4 file by time.
import { PistarError } from "../system/index.ts";
import { check, ffmpeg } from "./av.ts";
import { type DepthEncoding, type DepthMap, metresOfCode } from "./depth.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { Image } from "./types.ts";

/** A video file open for random access. */
export interface VideoReader {
  readonly width: number;
  readonly height: number;
  /** The pictures at `times` (seconds from the start of the file), in that order. */
  frames(times: readonly number[]): Image[];
  /** The same of a depth video, in metres. */
  depth(times: readonly number[], encoding: DepthEncoding): DepthMap[];
  close(): void;
}

/** Opens an mp4 file (H.264, AV1 or any other codec of FFmpeg). */
export async function openVideoReader(path: string): Promise<VideoReader> {
  const av = await ffmpeg();
  const decoder = new FrameDecoder(av, path);
  const { width, height, frame } = decoder;
  const scaler = new av.SoftwareScaleContext();
  let scaledFormat: number | undefined;

  function picture(): Image {
    checkSize(decoder);
    if (scaledFormat !== frame.format) {
      scaledFormat = frame.format;
      const pixels = scaledFormat as typeof av.AV_PIX_FMT_RGB24;
      scaler.getContext(width, height, pixels, width, height, av.AV_PIX_FMT_RGB24, av.SWS_BILINEAR);
    }
    const data = new Uint8Array(width * height * 3);
    const planes = frame.data!;
    check(av, scaler.scaleSync(planes, frame.linesize, 0, height, [Buffer.from(data.buffer)], [width * 3]), path);
    return { width, height, data };
  }

  function depthMap(encoding: DepthEncoding): DepthMap {
    checkSize(decoder);
    const twelveBits: readonly number[] = [av.AV_PIX_FMT_GRAY12LE, av.AV_PIX_FMT_YUV420P12LE];
    if (!twelveBits.includes(frame.format))
      throw new PistarError(
        "damaged-file",
        `${path}: expected depth of 12 bits (gray12le, yuv420p12le), got pixel format ${frame.format}`,
        { path },
      );
    return depthOf(decoder, encoding);
  }

  /** Reads the pictures in the order of time, so each is decoded once. */
  function inOrder<Picture>(times: readonly number[], read: () => Picture): Picture[] {
    const order = times.map((time, at) => [time, at] as const).sort(([a], [b]) => a - b);
    const pictures = new Array<Picture>(times.length);
    for (const [time, at] of order) {
      decoder.goTo(time);
      pictures[at] = read();
    }
    return pictures;
  }

  return {
    width,
    height,
    frames: (times) => inOrder(times, picture),
    depth: (times, encoding) => inOrder(times, () => depthMap(encoding)),
    close() {
      scaler.freeContext();
      decoder.close();
    },
  };
}

function checkSize({ path, width, height, frame }: FrameDecoder): void {
  if (frame.width === width && frame.height === height) return;
  throw new PistarError(
    "damaged-file",
    `${path}: expected ${width}x${height} throughout, got ${frame.width}x${frame.height}`,
    { path },
  );
}

/** The codes of the first plane as metres. */
function depthOf({ width, height, frame }: FrameDecoder, encoding: DepthEncoding): DepthMap {
  const plane = frame.data![0]!;
  const bytesPerRow = frame.linesize[0]!;
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data[y * width + x] = metresOfCode(plane.readUInt16LE(y * bytesPerRow + 2 * x), encoding);
  return { width, height, data };
}
