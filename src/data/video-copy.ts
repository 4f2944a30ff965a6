// Joining stretches of videos into one mp4 without decoding. Frame n of the result stands at n / fps.
import type { FormatContext, Packet } from "node-av/lib";
import { PistarError } from "../system/index.ts";
import { check, type Ffmpeg, ffmpeg, frameRate, openVideo, seconds, type VideoInput } from "./av.ts";
import { toleranceSeconds } from "./frame-decoder.ts";

/** `frames` frames of a file from `from` seconds on; the first must be a key frame. */
export interface VideoPart {
  readonly path: string;
  readonly from: number;
  readonly frames: number;
}

/** Writes the parts one after the other into `target`, with the index in front (faststart). */
export async function joinVideos(parts: readonly VideoPart[], fps: number, target: string): Promise<void> {
  const av = await ffmpeg();
  const output = new JoinedVideo(av, target, fps);
  let signature: string | undefined;
  try {
    for (const part of parts) {
      const input = openVideo(av, part.path);
      try {
        signature ??= describe(input.stream);
        if (signature !== describe(input.stream))
          throw new PistarError(
            "wrong-layout",
            `${part.path}: expected the encoding of the videos before it, so that one file can hold them`,
            { path: part.path },
          );
        await output.open(input);
        await output.append(part, input);
      } finally {
        input.close();
      }
    }
    await output.finish();
  } finally {
    output.close();
  }
}

/** An mp4 file made of packets of other videos. */
class JoinedVideo {
  private readonly av: Ffmpeg;
  private readonly target: string;
  private readonly fps: number;
  private readonly format: FormatContext;
  private readonly packet: Packet;
  private opened = false;
  /** Frames written. */
  private frames = 0;

  constructor(av: Ffmpeg, target: string, fps: number) {
    this.av = av;
    this.target = target;
    this.fps = fps;
    this.format = new av.FormatContext();
    this.packet = new av.Packet();
    this.packet.alloc();
  }

  /** Begins the file with the encoding of the first input. */
  async open({ stream }: VideoInput): Promise<void> {
    if (this.opened) return;
    const { av, format, target } = this;
    check(av, format.allocOutputContext2(null, "mp4", target), target);
    const output = format.newStream(null);
    check(av, stream.codecpar.copy(output.codecpar), target);
    output.codecpar.codecTag = 0;
    const [num, den] = frameRate(this.fps);
    output.timeBase = new av.Rational(den, num);
    output.avgFrameRate = new av.Rational(num, den);
    check(av, await format.openOutput(), target);
    this.opened = true;
    check(av, await format.writeHeader(av.Dictionary.fromObject({ movflags: "faststart" })), target);
  }

  /** Copies the packets of a part behind those before it. */
  async append(part: VideoPart, { format, stream }: VideoInput): Promise<void> {
    const { av, packet, fps } = this;
    const { path, from, frames } = part;
    if (from > 0) {
      const start = BigInt(Math.round((from * stream.timeBase.den) / stream.timeBase.num));
      check(av, format.seekFrameSync(stream.index, start, av.AVSEEK_FLAG_BACKWARD), path);
    }
    const frameOf = (ticks: bigint) => (seconds(ticks, stream.timeBase) - from) * fps;
    let copied = 0;
    while (copied < frames) {
      const read = await format.readFrame(packet);
      if (read === av.AVERROR_EOF) break;
      check(av, read, path);
      const place = packet.streamIndex === stream.index ? frameOf(packet.pts) : -1;
      const frame = Math.round(place);
      if (frame >= 0 && frame < frames) {
        this.checkPlace(part, place, copied === 0);
        await this.write(frame, Math.round(frameOf(packet.dts)));
        copied++;
      }
      packet.unref();
    }
    if (copied < frames) throw damaged(path, `expected ${frames} frames from ${from.toFixed(4)} s on, got ${copied}`);
    this.frames += frames;
  }

  async finish(): Promise<void> {
    check(this.av, await this.format.writeTrailer(), this.target);
  }

  close(): void {
    this.packet.free();
    if (this.opened) this.format.closeOutputSync();
  }

  /** Refuses a packet between two frames, and a part without a key frame in front. */
  private checkPlace({ path, from }: VideoPart, place: number, first: boolean): void {
    const { fps } = this;
    if (Math.abs(place - Math.round(place)) > toleranceSeconds * fps)
      throw damaged(
        path,
        `expected frames every 1/${fps} s, got one at ${(place / fps).toFixed(4)} s of the episode; is ${fps} the video's frame rate?`,
      );
    if (first && !this.packet.isKeyframe)
      throw damaged(
        path,
        `expected a key frame at ${from.toFixed(4)} s; the episode cannot be cut out without re-encoding`,
      );
  }

  /** Writes the packet. @param presented and decoded: its places, in frames of its part */
  private async write(presented: number, decoded: number): Promise<void> {
    const { av, packet, format, target } = this;
    const { timeBase } = format.streams[0]!;
    const ticksPerFrame = timeBase.den / (timeBase.num * this.fps);
    packet.pts = BigInt(Math.round((this.frames + presented) * ticksPerFrame));
    packet.dts = BigInt(Math.round((this.frames + decoded) * ticksPerFrame));
    packet.duration = BigInt(Math.round(ticksPerFrame));
    packet.streamIndex = 0;
    check(av, await format.interleavedWriteFrame(packet), target);
  }
}

const damaged = (path: string, what: string) => new PistarError("damaged-file", `${path}: ${what}`, { path });

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
