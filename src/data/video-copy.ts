// Joining stretches of videos into one mp4 without decoding. Frame n of the result stands at n / fps.
import { PistarError } from "../system/index.ts";
import { check, ffmpeg, frameRate, openVideo, seconds } from "./av.ts";
import { toleranceSeconds } from "./video-reader.ts";

/** `frames` frames of a file from `from` seconds on; the first must be a key frame. */
export interface VideoPart {
  readonly path: string;
  readonly from: number;
  readonly frames: number;
}

/** Writes the parts one after the other into `target`, with the index in front (faststart). */
export async function joinVideos(parts: readonly VideoPart[], fps: number, target: string): Promise<void> {
  const av = await ffmpeg();
  const format = new av.FormatContext();
  const packet = new av.Packet();
  packet.alloc();
  let offset = 0;
  let signature: string | undefined;
  let opened = false;
  try {
    for (const part of parts) {
      const input = openVideo(av, part.path);
      try {
        const { stream } = input;
        signature ??= describe(input.stream);
        if (signature !== describe(input.stream))
          throw new PistarError(
            "wrong-layout",
            `${part.path}: expected the encoding of the videos before it, so that one file can hold them`,
            { path: part.path },
          );
        if (!opened) {
          check(av, format.allocOutputContext2(null, "mp4", target), target);
          const output = format.newStream(null);
          check(av, stream.codecpar.copy(output.codecpar), target);
          output.codecpar.codecTag = 0;
          const [num, den] = frameRate(fps);
          output.timeBase = new av.Rational(den, num);
          output.avgFrameRate = new av.Rational(num, den);
          check(av, await format.openOutput(), target);
          opened = true;
          check(av, await format.writeHeader(av.Dictionary.fromObject({ movflags: "faststart" })), target);
        }
        const { timeBase } = format.streams[0]!;
        const ticksPerFrame = timeBase.den / (timeBase.num * fps);
        const start = (part.from * stream.timeBase.den) / stream.timeBase.num;
        if (part.from > 0)
          check(
            av,
            input.format.seekFrameSync(stream.index, BigInt(Math.round(start)), av.AVSEEK_FLAG_BACKWARD),
            part.path,
          );
        const frameOf = (ticks: bigint) => (seconds(ticks, stream.timeBase) - part.from) * fps;
        let copied = 0;
        while (copied < part.frames) {
          const read = await input.format.readFrame(packet);
          if (read === av.AVERROR_EOF) break;
          check(av, read, part.path);
          const place = packet.streamIndex === stream.index ? frameOf(packet.pts) : -1;
          const frame = Math.round(place);
          if (frame >= 0 && frame < part.frames) {
            if (Math.abs(place - frame) > toleranceSeconds * fps)
              throw new PistarError(
                "damaged-file",
                `${part.path}: expected frames every 1/${fps} s, got one at ${(place / fps).toFixed(4)} s of the episode; is ${fps} the video's frame rate?`,
                { path: part.path },
              );
            if (copied === 0 && !packet.isKeyframe)
              throw new PistarError(
                "damaged-file",
                `${part.path}: expected a key frame at ${part.from.toFixed(4)} s; the episode cannot be cut out without re-encoding`,
                { path: part.path },
              );
            packet.pts = BigInt(Math.round((offset + frame) * ticksPerFrame));
            packet.dts = BigInt(Math.round((offset + Math.round(frameOf(packet.dts))) * ticksPerFrame));
            packet.duration = BigInt(Math.round(ticksPerFrame));
            packet.streamIndex = 0;
            check(av, await format.interleavedWriteFrame(packet), target);
            copied++;
          }
          packet.unref();
        }
        if (copied < part.frames)
          throw new PistarError(
            "damaged-file",
            `${part.path}: expected ${part.frames} frames from ${part.from.toFixed(4)} s on, got ${copied}`,
            { path: part.path },
          );
        offset += part.frames;
      } finally {
        input.close();
      }
    }
    check(av, await format.writeTrailer(), target);
  } finally {
    packet.free();
    if (opened) format.closeOutputSync();
  }
}

/** Whether a part begins at a key frame: then it can be copied without re-encoding. */
export async function startsAtKeyFrame({ path, from }: VideoPart): Promise<boolean> {
  const av = await ffmpeg();
  const input = openVideo(av, path);
  const packet = new av.Packet();
  packet.alloc();
  try {
    const { timeBase, index } = input.stream;
    const ticks = BigInt(Math.round(((from + toleranceSeconds) * timeBase.den) / timeBase.num));
    if (input.format.seekFrameSync(index, ticks, av.AVSEEK_FLAG_BACKWARD) < 0) return false;
    for (;;) {
      const read = input.format.readFrameSync(packet);
      if (read < 0) return false;
      if (packet.streamIndex === index)
        return packet.isKeyframe && Math.abs(seconds(packet.pts, timeBase) - from) <= toleranceSeconds;
      packet.unref();
    }
  } finally {
    packet.free();
    input.close();
  }
}

/** A probe of a video's packets; nothing is decoded. */
export interface VideoSummary {
  readonly width: number;
  readonly height: number;
  /** Equal for videos that fit in one file. */
  readonly signature: string;
  /** Presentation times in seconds, ascending. */
  readonly times: Float64Array;
}

/** Lists the frames of a video file. */
export async function probeVideo(path: string): Promise<VideoSummary> {
  const av = await ffmpeg();
  const input = openVideo(av, path);
  const packet = new av.Packet();
  packet.alloc();
  try {
    const times: number[] = [];
    for (;;) {
      const read = input.format.readFrameSync(packet);
      if (read === av.AVERROR_EOF) break;
      check(av, read, path);
      if (packet.streamIndex === input.stream.index) times.push(seconds(packet.pts, input.stream.timeBase));
      packet.unref();
    }
    const { width, height } = input.stream.codecpar;
    return { width, height, signature: describe(input.stream), times: Float64Array.from(times).sort() };
  } finally {
    packet.free();
    input.close();
  }
}

function describe({ codecpar }: ReturnType<typeof openVideo>["stream"]): string {
  const { codecId, width, height, format, extradata } = codecpar;
  return [codecId, width, height, format, extradata?.toString("base64")].join(" ");
}
