// Frames of an mp4 file by time: the picture at exactly the asked time, or an error, never a neighbour.
import { PistarError } from "../system/index.ts";
import { check, ffmpeg, openDecoder, openVideo, seconds } from "./av.ts";
import { type DepthEncoding, type DepthMap, metresOfCode } from "./depth.ts";
import type { Image } from "./types.ts";

/** Largest distance of a frame from its time in the dataset, seconds (LeRobot's default). */
export const toleranceSeconds = 1e-4;

/** Frames ahead to decode through before seeking. */
const stride = 8;

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
  const input = openVideo(av, path);
  const { format, stream } = input;
  const decoder = openDecoder(av, input, path);
  const { timeBase, index } = stream;
  const { width, height } = stream.codecpar;
  const fps = stream.avgFrameRate.num / stream.avgFrameRate.den;
  const packet = new av.Packet();
  packet.alloc();
  const frame = new av.Frame();
  frame.alloc();
  const scaler = new av.SoftwareScaleContext();
  let scaledFormat: number | undefined;
  /** Time of the picture `frame` holds. */
  let current: number | undefined;
  let ended = false;

  function next(): boolean {
    for (;;) {
      frame.unref();
      const received = decoder.receiveFrameSync(frame);
      if (received >= 0) {
        current = seconds(frame.bestEffortTimestamp, timeBase);
        return true;
      }
      if (received === av.AVERROR_EOF) break;
      if (received !== av.AVERROR_EAGAIN) check(av, received, path);
      if (ended) break;
      const read = format.readFrameSync(packet);
      if (read === av.AVERROR_EOF) {
        ended = true;
        check(av, decoder.sendPacketSync(null), path);
        continue;
      }
      check(av, read, path);
      if (packet.streamIndex === index) check(av, decoder.sendPacketSync(packet), path);
      packet.unref();
    }
    current = undefined;
    return false;
  }

  function advance(time: number): void {
    const ahead = current === undefined ? Number.NaN : time - current;
    if (Math.abs(ahead) <= toleranceSeconds) return;
    if (!(ahead > 0 && ahead < (stride + 0.5) / fps)) {
      const ticks = BigInt(Math.round(((time + toleranceSeconds) * timeBase.den) / timeBase.num));
      check(av, format.seekFrameSync(index, ticks, av.AVSEEK_FLAG_BACKWARD), `${path}, seeking ${time.toFixed(4)} s`);
      decoder.flushBuffers();
      ended = false;
      current = undefined;
    }
    let last: number | undefined;
    while (current === undefined || current < time - toleranceSeconds) {
      last = current;
      if (!next())
        throw new PistarError(
          "damaged-file",
          `${path}: expected a frame at ${time.toFixed(4)} s, ${last === undefined ? "the video has none from there on" : `the video's last is at ${last.toFixed(4)} s`}`,
          { path },
        );
    }
    if (current > time + toleranceSeconds)
      throw new PistarError(
        "damaged-file",
        `${path}: expected a frame at ${time.toFixed(4)} s, ${last === undefined ? "the next is" : `nearest are ${last.toFixed(4)} and`} ${current.toFixed(4)} s; does the video's frame rate match the dataset's?`,
        { path },
      );
  }

  function picture(): Image {
    if (frame.width !== width || frame.height !== height)
      throw new PistarError(
        "damaged-file",
        `${path}: expected ${width}x${height} throughout, got ${frame.width}x${frame.height}`,
        { path },
      );
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
    if (frame.width !== width || frame.height !== height)
      throw new PistarError(
        "damaged-file",
        `${path}: expected ${width}x${height} throughout, got ${frame.width}x${frame.height}`,
        { path },
      );
    if (frame.format !== av.AV_PIX_FMT_GRAY12LE && frame.format !== av.AV_PIX_FMT_YUV420P12LE)
      throw new PistarError(
        "damaged-file",
        `${path}: expected depth of 12 bits (gray12le, yuv420p12le), got pixel format ${frame.format}`,
        { path },
      );
    const plane = frame.data![0]!;
    const stride = frame.linesize[0]!;
    const data = new Float32Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[y * width + x] = metresOfCode(plane.readUInt16LE(y * stride + 2 * x), encoding);
    return { width, height, data };
  }

  /** Reads the pictures in the order of time, so each is decoded once. */
  function inOrder<Picture>(times: readonly number[], read: () => Picture): Picture[] {
    const order = times.map((time, at) => [time, at] as const).sort(([a], [b]) => a - b);
    const pictures = new Array<Picture>(times.length);
    for (const [time, at] of order) {
      advance(time);
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
      frame.free();
      packet.free();
      decoder.freeContext();
      scaler.freeContext();
      input.close();
    },
  };
}
