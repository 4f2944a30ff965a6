// FFmpeg through the optional package node-av, loaded when the first video is touched.
import type { CodecContext, FormatContext, Stream } from "node-av/lib";
import { foreignFile, PistarError } from "../system/index.ts";

export type Ffmpeg = typeof import("node-av/lib") & typeof import("node-av/constants");

let loading: Promise<Ffmpeg> | undefined;

/** The FFmpeg binding. Without node-av, an error with the way to get it. */
export function ffmpeg(): Promise<Ffmpeg> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Ffmpeg> {
  let av: Ffmpeg;
  try {
    const [lib, constants] = await Promise.all([import("node-av/lib"), import("node-av/constants")]);
    av = { ...lib, ...constants };
  } catch (error) {
    loading = undefined;
    throw new PistarError(
      "unavailable",
      `videos need FFmpeg, which comes with the optional package node-av: run \`npm install node-av\` (${(error as Error).message})`,
    );
  }
  av.Log.setLevel(av.AV_LOG_QUIET);
  // SVT-AV1 prints its settings on every start unless told to keep to errors.
  process.env.SVT_LOG ??= "1";
  return av;
}

/** Throws FFmpeg's message for a negative return code. `what` names the file and the step. */
export function check(av: Ffmpeg, code: number, what: string): number {
  if (code >= 0) return code;
  const message = `${what}: ${av.FFmpegError.strerror(code)}`;
  throw code === av.AVERROR_ENOSPC ? new PistarError("full-disk", message) : new Error(message);
}

/** An open video file, its video stream and the stream's frame rate. */
export interface VideoInput {
  readonly format: FormatContext;
  readonly stream: Stream;
  close(): void;
}

/** Opens a video for demuxing. */
export function openVideo(av: Ffmpeg, path: string): VideoInput {
  const format = new av.FormatContext();
  const opened = format.openInputSync(path);
  const foreign = opened < 0 ? foreignFile(path) : undefined;
  if (foreign) throw new PistarError("damaged-file", `${path}: expected a video, got ${foreign}`, { path });
  check(av, opened, path);
  try {
    check(av, format.findStreamInfoSync(), path);
    const stream = format.streams.find((candidate) => candidate.codecpar.codecType === av.AVMEDIA_TYPE_VIDEO);
    if (!stream) throw new PistarError("damaged-file", `${path}: expected a video stream, found none`, { path });
    return { format, stream, close: () => format.closeInputSync() };
  } catch (error) {
    format.closeInputSync();
    throw error;
  }
}

/** A decoder of the stream. It hands out each picture as soon as it can. */
export function openDecoder(av: Ffmpeg, { stream }: VideoInput, path: string): CodecContext {
  const { codecId } = stream.codecpar;
  const codec = av.Codec.findDecoder(codecId);
  if (!codec) throw new PistarError("unavailable", `${path}: no decoder for codec ${codecId}`, { path });
  const decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  check(av, decoder.parametersToContext(stream.codecpar), path);
  decoder.pktTimebase = stream.timeBase;
  decoder.threadCount = 1;
  check(av, decoder.open2Sync(codec), path);
  return decoder;
}

/** A frame rate as a fraction [numerator, denominator]: 29.97 is 2997/100, 30000/1001 is itself. */
export function frameRate(fps: number): [number, number] {
  const denominator = [1, 1001, 10, 100, 1000, 10_000].find(
    (candidate) => Math.abs(fps * candidate - Math.round(fps * candidate)) < 1e-6,
  );
  return denominator ? [Math.round(fps * denominator), denominator] : [Math.round(fps * 100_000), 100_000];
}

/** A stream's ticks in seconds. */
export function seconds(ticks: bigint, timeBase: { readonly num: number; readonly den: number }): number {
  return (Number(ticks) * timeBase.num) / timeBase.den;
}
