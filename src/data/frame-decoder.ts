// Decodes one video forwards and finds frames by their time: exactly the frame asked for, or an error, never a neighbour.
import type { CodecContext, Frame, Packet } from "node-av/lib";
import { PistarError } from "../system/index.ts";
import { check, type Ffmpeg, openDecoder, openVideo, seconds, type VideoInput } from "./av.ts";

/** Largest distance of a frame from its time in the dataset, seconds (LeRobot's default). */
export const toleranceSeconds = 1e-4;

/** Frames ahead to decode through before seeking. */
const stride = 8;

export class FrameDecoder {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** The frame found last. */
  readonly frame: Frame;
  private readonly av: Ffmpeg;
  private readonly input: VideoInput;
  private decoder: CodecContext;
  private readonly packet: Packet;
  private readonly fps: number;
  /** Time of `frame`, seconds; undefined while it holds none. */
  private current: number | undefined;
  private ended = false;

  constructor(av: Ffmpeg, path: string) {
    this.av = av;
    this.path = path;
    this.input = openVideo(av, path);
    this.decoder = openDecoder(av, this.input, path);
    const { codecpar, avgFrameRate } = this.input.stream;
    this.width = codecpar.width;
    this.height = codecpar.height;
    this.fps = avgFrameRate.num / avgFrameRate.den;
    this.packet = new av.Packet();
    this.packet.alloc();
    this.frame = new av.Frame();
    this.frame.alloc();
  }

  /** Goes to the frame at `time`, in seconds from the start of the file. @throws Error naming the frames near it */
  goTo(time: number): void {
    const ahead = this.current === undefined ? Number.NaN : time - this.current;
    if (Math.abs(ahead) <= toleranceSeconds) return;
    if (ahead > 0 && ahead < (stride + 0.5) / this.fps && !this.advance(time)) return;
    // In open groups of pictures, x265's default, frames after a key frame need the group before it. A decoder that goes
    // on after a seek may also drop frames. In both cases a new decoder begins further back.
    this.seek(time);
    for (let back = 1; ; back *= 4) {
      const missed = this.advance(time);
      if (!missed) return;
      const { before = -Infinity, after = Infinity } = missed;
      if (after - before < 1.5 / this.fps || back > 4 * Math.max(1, time)) throw this.missing(missed);
      this.decoder.freeContext();
      this.decoder = openDecoder(this.av, this.input, this.path);
      this.seek(Math.max(0, time - back));
    }
  }

  close(): void {
    this.frame.free();
    this.packet.free();
    this.decoder.freeContext();
    this.input.close();
  }

  /** Decodes until the frame at `time`. Returns the frames around it if there is none. */
  private advance(time: number): Missed | undefined {
    let before: number | undefined;
    while (this.current === undefined || this.current < time - toleranceSeconds) {
      before = this.current;
      if (!this.next()) return { time, before, after: undefined };
    }
    return this.current > time + toleranceSeconds ? { time, before, after: this.current } : undefined;
  }

  private missing({ time, before, after }: Missed): PistarError {
    const at = (seconds: number) => `${seconds.toFixed(4)} s`;
    let found = "the video has none from there on";
    if (after !== undefined) {
      const near =
        before === undefined ? `the next is ${at(after)}` : `nearest are ${before.toFixed(4)} and ${at(after)}`;
      found = `${near}; does the video's frame rate match the dataset's?`;
    } else if (before !== undefined) found = `the video's last is at ${at(before)}`;
    return new PistarError("damaged-file", `${this.path}: expected a frame at ${at(time)}, ${found}`, {
      path: this.path,
    });
  }

  private seek(time: number): void {
    const { av, input, path } = this;
    const { timeBase, index } = input.stream;
    const ticks = BigInt(Math.round(((time + toleranceSeconds) * timeBase.den) / timeBase.num));
    const place = `${path}, seeking ${time.toFixed(4)} s`;
    check(av, input.format.seekFrameSync(index, ticks, av.AVSEEK_FLAG_BACKWARD), place);
    this.decoder.flushBuffers();
    this.ended = false;
    this.current = undefined;
  }

  /** Decodes the next frame. Returns false at the end. */
  private next(): boolean {
    const { av, input, decoder, frame, packet, path } = this;
    for (;;) {
      frame.unref();
      const received = decoder.receiveFrameSync(frame);
      if (received >= 0) {
        this.current = seconds(frame.bestEffortTimestamp, input.stream.timeBase);
        return true;
      }
      if (received === av.AVERROR_EOF) break;
      if (received !== av.AVERROR_EAGAIN) check(av, received, path);
      if (this.ended) break;
      const read = input.format.readFrameSync(packet);
      if (read === av.AVERROR_EOF) {
        this.ended = true;
        check(av, decoder.sendPacketSync(null), path);
        continue;
      }
      check(av, read, path);
      if (packet.streamIndex === input.stream.index) check(av, decoder.sendPacketSync(packet), path);
      packet.unref();
    }
    this.current = undefined;
    return false;
  }
}

/** A time without a frame, and the times of the decoded frames around it. */
interface Missed {
  readonly time: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
}
