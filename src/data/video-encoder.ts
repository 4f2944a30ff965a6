// Encoding one camera of one episode to mp4 while it is recorded: frame i at exactly i / fps.
import { PistarError } from "../system/index.ts";
import { check, ffmpeg, frameRate } from "./av.ts";
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

/** Creates `path`; sides must be even (4:2:0 chroma). */
export async function createVideo(
  path: string,
  { width, height, fps }: { readonly width: number; readonly height: number; readonly fps: number },
  { codec: name, crf, gop }: VideoSettings,
): Promise<VideoEncoder> {
  const av = await ffmpeg();
  if (width % 2 || height % 2)
    throw new PistarError(
      "wrong-layout",
      `${path}: expected even sides for video, got ${width}x${height}; record the camera with dtype "image" instead`,
      { path },
    );
  const codec = av.Codec.findEncoderByName({ h264: av.FF_ENCODER_LIBX264, av1: av.FF_ENCODER_LIBSVTAV1 }[name]);
  if (!codec)
    throw new PistarError("unavailable", `${path}: this build of FFmpeg has no encoder for ${name}`, { path });
  const [num, den] = frameRate(fps);
  const timeBase = new av.Rational(den, num);
  const encoder = new av.CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = av.AV_PIX_FMT_YUV420P;
  encoder.timeBase = timeBase;
  encoder.framerate = new av.Rational(num, den);
  encoder.gopSize = gop;
  encoder.maxBFrames = 0;
  encoder.bitRate = 0n;
  encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = { preset: presets[name], crf: String(crf), g: String(gop) };
  check(av, await encoder.open2(codec, av.Dictionary.fromObject(options)), path);

  const format = new av.FormatContext();
  check(av, format.allocOutputContext2(null, "mp4", path), path);
  const stream = format.newStream(null);
  check(av, stream.codecpar.fromContext(encoder), path);
  stream.timeBase = timeBase;
  stream.avgFrameRate = new av.Rational(num, den);
  check(av, await format.openOutput(), path);
  check(av, await format.writeHeader(), path);

  const packet = new av.Packet();
  packet.alloc();
  const picture = new av.Frame();
  picture.alloc();
  picture.width = width;
  picture.height = height;
  picture.format = av.AV_PIX_FMT_YUV420P;
  check(av, picture.getBuffer(), path);
  const scaler = new av.SoftwareScaleContext();
  scaler.getContext(width, height, av.AV_PIX_FMT_RGB24, width, height, av.AV_PIX_FMT_YUV420P, av.SWS_BILINEAR);
  let frames = 0;
  let open = true;

  async function drain(): Promise<void> {
    for (;;) {
      const received = await encoder.receivePacket(packet);
      if (received === av.AVERROR_EAGAIN || received === av.AVERROR_EOF) return;
      check(av, received, path);
      packet.streamIndex = stream.index;
      packet.duration = 1n;
      packet.rescaleTs(timeBase, stream.timeBase);
      check(av, await format.interleavedWriteFrame(packet), path);
    }
  }

  function abandon(): void {
    if (!open) return;
    open = false;
    packet.free();
    picture.free();
    scaler.freeContext();
    encoder.freeContext();
    format.closeOutputSync();
  }

  return {
    async write({ data }) {
      const source = av.Frame.fromVideoBuffer(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
        width,
        height,
        format: av.AV_PIX_FMT_RGB24,
        timeBase,
      });
      check(av, picture.makeWritable(), path);
      check(av, await scaler.scaleFrame(picture, source), path);
      source.free();
      picture.pts = BigInt(frames++);
      check(av, await encoder.sendFrame(picture), path);
      await drain();
    },
    async finish() {
      check(av, await encoder.sendFrame(null), path);
      await drain();
      check(av, await format.writeTrailer(), path);
      abandon();
      return frames;
    },
    abandon,
  };
}
