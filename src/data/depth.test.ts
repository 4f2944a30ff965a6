// Depth video as LeRobot writes it: 12-bit codes in lossless HEVC, read back as metres.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { check, ffmpeg } from "./av.ts";
import { depthEncoding, metresOfCode } from "./depth.ts";
import { openVideoReader } from "./video-reader.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-depth-"));
afterAll(() => rmSync(folder, { recursive: true }));
const side = 64;

/** Code of a pixel of a frame, 0 to 4095. */
const code = (frame: number, at: number) => (frame * 1000 + at * 7) % 4096;

async function write(path: string, frames: number): Promise<void> {
  const av = await ffmpeg();
  const codec = av.Codec.findEncoderByName(av.FF_ENCODER_LIBX265)!;
  const timeBase = new av.Rational(1, 10);
  const encoder = new av.CodecContext();
  encoder.allocContext3(codec);
  Object.assign(encoder, { width: side, height: side, pixelFormat: av.AV_PIX_FMT_GRAY12LE, timeBase, gopSize: 2 });
  encoder.maxBFrames = 0;
  encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = av.Dictionary.fromObject({ "x265-params": "lossless=1:log-level=none" });
  check(av, await encoder.open2(codec, options), path);
  const format = new av.FormatContext();
  check(av, format.allocOutputContext2(null, "mp4", path), path);
  const stream = format.newStream(null);
  check(av, stream.codecpar.fromContext(encoder), path);
  stream.timeBase = timeBase;
  check(av, await format.openOutput(), path);
  check(av, await format.writeHeader(), path);
  const packet = new av.Packet();
  packet.alloc();
  const drain = async () => {
    while ((await encoder.receivePacket(packet)) >= 0) {
      packet.streamIndex = stream.index;
      packet.duration = 1n;
      packet.rescaleTs(timeBase, stream.timeBase);
      check(av, await format.interleavedWriteFrame(packet), path);
    }
  };
  for (let frame = 0; frame < frames; frame++) {
    const codes = Uint16Array.from({ length: side * side }, (_, at) => code(frame, at));
    const settings = { width: side, height: side, format: av.AV_PIX_FMT_GRAY12LE, timeBase };
    const picture = av.Frame.fromVideoBuffer(Buffer.from(codes.buffer), settings);
    picture.pts = BigInt(frame);
    check(av, await encoder.sendFrame(picture), path);
    picture.free();
    await drain();
  }
  check(av, await encoder.sendFrame(null), path);
  await drain();
  check(av, await format.writeTrailer(), path);
  packet.free();
  encoder.freeContext();
  format.closeOutputSync();
}

test("each pixel of each frame is the metres of its code", async () => {
  const path = join(folder, "depth.mp4");
  await write(path, 3);
  const info = {
    is_depth_map: true,
    "video.depth_min": 0.1,
    "video.depth_max": 4,
    "video.shift": 1,
    "video.use_log": true,
  };
  const encoding = depthEncoding({ info }, "here");
  const reader = await openVideoReader(path);
  const maps = reader.depth([0.2, 0, 0.1], encoding);
  reader.close();
  for (const [at, frame] of [2, 0, 1].entries()) {
    const expected = Float32Array.from({ length: side * side }, (_, i) => metresOfCode(code(frame, i), encoding));
    expect(maps[at]).toEqual({ width: side, height: side, data: expected });
  }
});

test("an encoding that cannot be is refused", () => {
  expect(() => depthEncoding({ info: { depth_unit: "feet" } }, "here")).toThrow(
    'expected depth_unit "m" or "mm", got "feet"',
  );
  expect(() => depthEncoding({ info: { "video.shift": -1 } }, "here")).toThrow("depth_min + shift above 0");
  expect(() => depthEncoding({ info: { "video.depth_max": "far" } }, "here")).toThrow(
    "expected a number for video.depth_max",
  );
});
