// Encoding one camera of one episode to mp4 while it is recorded: frame i at exactly i / fps.
import type { CodecContext, FormatContext, Frame, Packet, SoftwareScaleContext } from "node-av/lib";
import { PistarError } from "../system/index.ts";
import { check, type Ffmpeg, ffmpeg, frameRate } from "./av.ts";
import { pictureShape } from "./dtypes.ts";
import type { Feature, Image } from "./types.ts";

/** Settings of video encoding. The defaults are LeRobot's: with a key frame every 2 frames, any frame is near one. */
export interface VideoSettings {
  readonly codec: "h264" | "av1";
  /** Constant rate factor: 0 best, larger is smaller. */
  readonly crf: number;
  /** Frames from one key frame to the next. */
  readonly gop: number;
}

export const defaultVideoSettings: VideoSettings = { codec: "av1", crf: 30, gop: 2 };

/** The speed settings of x264 and SVT-AV1. */
const presets = { h264: "veryfast", av1: "12" } as const;

/** The `info` a video feature carries in info.json. */
export function videoInfo(
  { codec, crf, gop }: VideoSettings,
  feature: Pick<Feature, "shape" | "names">,
  fps: number,
): Record<string, unknown> {
  const { height, width } = pictureShape(feature) ?? {};
  return {
    "video.height": height,
    "video.width": width,
    "video.codec": codec,
    "video.pix_fmt": "yuv420p",
    "video.fps": fps,
    "video.channels": 3,
    has_audio: false,
    "video.g": gop,
    "video.crf": crf,
    "video.preset": presets[codec],
    is_depth_map: false,
  };
}

/** An mp4 file being written. */
export interface VideoEncoder {
  write(image: Image): Promise<void>;
  /** Flushes the encoder and completes the file; resolves to its frame count. */
  finish(): Promise<number>;
  /** Drops the file's handles without completing it. */
  abandon(): void;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Creates `path`; sides must be even (4:2:0 chroma). */
export async function createVideo(
  path: string,
  { width, height, fps }: Size & { readonly fps: number },
  settings: VideoSettings,
): Promise<VideoEncoder> {
  const av = await ffmpeg();
  if (width % 2 || height % 2)
    throw new PistarError(
      "wrong-layout",
      `${path}: expected even sides for video, got ${width}x${height}; record the camera with dtype "image" instead`,
      { path },
    );
  const encoder = await openEncoder(av, path, { width, height, fps }, settings);
  const format = await openFile(av, path, encoder);
  return new OpenVideo(av, path, { width, height }, encoder, format);
}

async function openEncoder(
  av: Ffmpeg,
  path: string,
  { width, height, fps }: Size & { readonly fps: number },
  { codec: name, crf, gop }: VideoSettings,
): Promise<CodecContext> {
  const codec = av.Codec.findEncoderByName({ h264: av.FF_ENCODER_LIBX264, av1: av.FF_ENCODER_LIBSVTAV1 }[name]);
  if (!codec)
    throw new PistarError("unavailable", `${path}: this build of FFmpeg has no encoder for ${name}`, { path });
  const [num, den] = frameRate(fps);
  const encoder = new av.CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = av.AV_PIX_FMT_YUV420P;
  encoder.timeBase = new av.Rational(den, num);
  encoder.framerate = new av.Rational(num, den);
  encoder.gopSize = gop;
  encoder.maxBFrames = 0;
  encoder.bitRate = 0n;
  encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = { preset: presets[name], crf: String(crf), g: String(gop) };
  check(av, await encoder.open2(codec, av.Dictionary.fromObject(options)), path);
  return encoder;
}

async function openFile(av: Ffmpeg, path: string, encoder: CodecContext): Promise<FormatContext> {
  const format = new av.FormatContext();
  check(av, format.allocOutputContext2(null, "mp4", path), path);
  const stream = format.newStream(null);
  check(av, stream.codecpar.fromContext(encoder), path);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = encoder.framerate;
  check(av, await format.openOutput(), path);
  check(av, await format.writeHeader(), path);
  return format;
}

class OpenVideo implements VideoEncoder {
  private readonly av: Ffmpeg;
  private readonly path: string;
  private readonly size: Size;
  private readonly encoder: CodecContext;
  private readonly format: FormatContext;
  private readonly packet: Packet;
  private readonly picture: Frame;
  private readonly scaler: SoftwareScaleContext;
  private frames = 0;
  private open = true;

  constructor(av: Ffmpeg, path: string, size: Size, encoder: CodecContext, format: FormatContext) {
    this.av = av;
    this.path = path;
    this.size = size;
    this.encoder = encoder;
    this.format = format;
    const { width, height } = size;
    this.packet = new av.Packet();
    this.packet.alloc();
    this.picture = new av.Frame();
    this.picture.alloc();
    this.picture.width = width;
    this.picture.height = height;
    this.picture.format = av.AV_PIX_FMT_YUV420P;
    check(av, this.picture.getBuffer(), path);
    this.scaler = new av.SoftwareScaleContext();
    this.scaler.getContext(width, height, av.AV_PIX_FMT_RGB24, width, height, av.AV_PIX_FMT_YUV420P, av.SWS_BILINEAR);
  }

  async write({ data }: Image): Promise<void> {
    const { av, path, picture, encoder } = this;
    const source = av.Frame.fromVideoBuffer(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
      ...this.size,
      format: av.AV_PIX_FMT_RGB24,
      timeBase: encoder.timeBase,
    });
    check(av, picture.makeWritable(), path);
    check(av, await this.scaler.scaleFrame(picture, source), path);
    source.free();
    picture.pts = BigInt(this.frames++);
    check(av, await encoder.sendFrame(picture), path);
    await this.drain();
  }

  async finish(): Promise<number> {
    check(this.av, await this.encoder.sendFrame(null), this.path);
    await this.drain();
    check(this.av, await this.format.writeTrailer(), this.path);
    this.abandon();
    return this.frames;
  }

  abandon(): void {
    if (!this.open) return;
    this.open = false;
    this.packet.free();
    this.picture.free();
    this.scaler.freeContext();
    this.encoder.freeContext();
    this.format.closeOutputSync();
  }

  /** Writes the packets that the encoder has ready. */
  private async drain(): Promise<void> {
    const { av, path, packet, encoder, format } = this;
    const stream = format.streams[0]!;
    for (;;) {
      const received = await encoder.receivePacket(packet);
      if (received === av.AVERROR_EAGAIN || received === av.AVERROR_EOF) return;
      check(av, received, path);
      packet.streamIndex = stream.index;
      packet.duration = 1n;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check(av, await format.interleavedWriteFrame(packet), path);
    }
  }
}
