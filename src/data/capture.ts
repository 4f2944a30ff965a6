// A live camera through FFmpeg: its pictures one after the other, scaled. An MJPEG camera's own JPEG comes along, for a browser.
import { PistarError } from "../system/index.ts";
import { check, ffmpeg, openDecoder, type VideoInput } from "./av.ts";
import type { Image } from "./types.ts";

export interface CaptureOptions {
  /** A device of the system, or "lavfi:" and a filter graph of FFmpeg's, such as "lavfi:testsrc2=size=640x480:rate=30". */
  readonly device: string;
  /** What the device is asked for. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Width and height of the pictures. */
  readonly size: readonly [number, number];
}

/** What a camera really gives. Drivers silently choose another mode than the one asked for. */
export interface CaptureMode {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

export interface Capture {
  readonly mode: CaptureMode;
  /** The next picture; blocks until there is one. `jpeg` is the camera's own, if it sends JPEGs. */
  next(): { readonly image: Image; readonly jpeg?: Uint8Array };
  close(): void;
}

/** FFmpeg's input of the system's cameras. */
const inputs: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "v4l2",
  darwin: "avfoundation",
  win32: "dshow",
};

/** Opens a camera. @throws PistarError unavailable if there is none, or it cannot be opened */
export async function openCapture({ device, width, height, fps, size }: CaptureOptions): Promise<Capture> {
  const av = await ffmpeg();
  const source = device.startsWith("lavfi:");
  const kind = source ? "lavfi" : inputs[process.platform];
  const format = kind === undefined ? null : av.InputFormat.findInputFormat(kind);
  if (!format) throw new PistarError("unavailable", `${device}: FFmpeg reads no cameras on ${process.platform}`);
  const context = new av.FormatContext();
  const asked = {
    video_size: `${width}x${height}`,
    framerate: String(fps),
    ...(kind === "v4l2" && { input_format: "mjpeg" }),
  };
  const name = source ? device.slice(6) : kind === "dshow" ? `video=${device}` : device;
  const opened = context.openInputSync(name, format, source ? null : av.Dictionary.fromObject(asked));
  if (opened < 0)
    throw new PistarError("unavailable", `${device}: the camera cannot be opened (${av.FFmpegError.strerror(opened)})`);
  const close = () => context.closeInputSync();
  let input: VideoInput;
  try {
    check(av, context.findStreamInfoSync(), device);
    const stream = context.streams.find(({ codecpar }) => codecpar.codecType === av.AVMEDIA_TYPE_VIDEO);
    if (!stream) throw new PistarError("unavailable", `${device}: it gives no video`);
    input = { format: context, stream, close };
  } catch (error) {
    close();
    throw error;
  }
  const { codecpar, index, avgFrameRate } = input.stream;
  const decoder = openDecoder(av, input, device);
  const packet = new av.Packet();
  packet.alloc();
  const frame = new av.Frame();
  frame.alloc();
  const scaler = new av.SoftwareScaleContext();
  let scaled: number | undefined;
  const [columns, rows] = size;
  const isJpeg = codecpar.codecId === av.AV_CODEC_ID_MJPEG;

  function picture(): Image {
    if (scaled !== frame.format) {
      scaled = frame.format;
      const pixels = scaled as typeof av.AV_PIX_FMT_RGB24;
      scaler.getContext(frame.width, frame.height, pixels, columns, rows, av.AV_PIX_FMT_RGB24, av.SWS_AREA);
    }
    const data = new Uint8Array(columns * rows * 3);
    const lines = [columns * 3];
    check(
      av,
      scaler.scaleSync(frame.data!, frame.linesize, 0, frame.height, [Buffer.from(data.buffer)], lines),
      device,
    );
    return { width: columns, height: rows, data };
  }

  return {
    mode: {
      width: codecpar.width,
      height: codecpar.height,
      fps: avgFrameRate.den === 0 ? fps : avgFrameRate.num / avgFrameRate.den,
    },
    next() {
      let jpeg: Uint8Array | undefined;
      for (;;) {
        frame.unref();
        const received = decoder.receiveFrameSync(frame);
        if (received >= 0) return { image: picture(), ...(jpeg && { jpeg }) };
        if (received !== av.AVERROR_EAGAIN) check(av, received, device);
        const read = context.readFrameSync(packet);
        if (read === av.AVERROR_EAGAIN) continue;
        if (read < 0)
          throw new PistarError(
            "unavailable",
            `${device}: the camera gives no more pictures (${av.FFmpegError.strerror(read)})`,
          );
        if (packet.streamIndex === index) {
          if (isJpeg) jpeg = Uint8Array.from(packet.data!);
          check(av, decoder.sendPacketSync(packet), device);
        }
        packet.unref();
      }
    },
    close() {
      frame.free();
      packet.free();
      decoder.freeContext();
      scaler.freeContext();
      close();
    },
  };
}
