// Recorded videos: every frame found again at its time, whatever the order, in H.264 and AV1; joined files stay exact.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import type { Image } from "./types.ts";
import { validateDataset } from "./validate/validate.ts";
import { joinVideos, probeVideo } from "./video-copy.ts";
import { createVideo } from "./video-encoder.ts";
import { openVideoReader } from "./video-reader.ts";
import { createWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-video-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A picture that shows a number 0-63 as six blocks, black or white, which survive compression. */
function numbered(number: number): Image {
  const [width, height] = [96, 64];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.fill((number >> Math.floor(x / 16)) & 1 ? 235 : 20, (y * width + x) * 3, (y * width + x) * 3 + 3);
  return { width, height, data };
}

function numberOn({ width, data }: Image): number {
  const bit = (at: number) => (data[(32 * width + at * 16 + 8) * 3]! > 128 ? 1 << at : 0);
  return [0, 1, 2, 3, 4, 5].reduce((sum, at) => sum + bit(at), 0);
}

for (const codec of ["h264", "av1"] as const)
  test(`${codec}: episodes in one file, each frame exact`, async () => {
    const root = join(folder, codec);
    const features = { camera: { dtype: "video", shape: [64, 96, 3], names: ["height", "width", "channels"] } };
    const writer = await createWriter(root, { fps: 30, features, video: { codec } });
    const lengths = [7, 12, 9];
    let number = 0;
    for (const length of lengths) {
      for (let frame = 0; frame < length; frame++) await writer.addFrame({ camera: numbered(number++) }, "t");
      await writer.saveEpisode();
    }
    await writer.close();
    expect(await validateDataset(root)).toEqual([]);
    const dataset = await openDataset(root);
    expect(dataset.features.get("camera")!.info).toMatchObject({ "video.codec": codec, "video.fps": 30, "video.g": 2 });
    expect(new Set(dataset.episodes.map(({ videos }) => videos.get("camera")!.place.file))).toEqual(new Set([0]));
    for (const [episode, start] of [0, 7, 19].entries()) {
      const order = [lengths[episode]! - 1, 0, 3, 2, 2, 5];
      const found = await dataset.frames(episode, "camera", order);
      expect(found.map(numberOn)).toEqual(order.map((frame) => start + frame));
    }
    await dataset.close();
  });

async function encode(name: string, frames: number, fps = 10, gop = 2): Promise<string> {
  const path = join(folder, name);
  const video = await createVideo(path, { width: 96, height: 64, fps }, { codec: "h264", crf: 20, gop });
  for (let frame = 0; frame < frames; frame++) await video.write(numbered(frame));
  expect(await video.finish()).toBe(frames);
  return path;
}

test("a stretch is cut out at a key frame, and times are exact multiples of the frame time", async () => {
  const path = await encode("source.mp4", 20);
  const target = join(folder, "cut.mp4");
  await joinVideos(
    [
      { path, from: 0.4, frames: 6 },
      { path, from: 0, frames: 3 },
    ],
    10,
    target,
  );
  const { times } = await probeVideo(target);
  expect(Array.from(times, (time) => time.toFixed(6))).toEqual(
    Array.from({ length: 9 }, (_, frame) => (frame / 10).toFixed(6)),
  );
  const reader = await openVideoReader(target);
  expect(reader.frames([0, 0.5, 0.6, 0.8]).map(numberOn)).toEqual([4, 9, 0, 2]);
  reader.close();
});

test("what is not there is an error that says so", async () => {
  const path = await encode("short.mp4", 10, 10, 30);
  const reader = await openVideoReader(path);
  expect(() => reader.frames([1.5])).toThrow("expected a frame at 1.5000 s, the video's last is at 0.9000 s");
  expect(() => reader.frames([0.25])).toThrow("nearest are 0.2000 and 0.3000 s");
  expect(reader.frames([0.9, 0.1]).map(numberOn)).toEqual([9, 1]);
  reader.close();
  const target = join(folder, "never.mp4");
  await expect(joinVideos([{ path, from: 0, frames: 11 }], 10, target)).rejects.toThrow(
    "expected 11 frames from 0.0000 s on, got 10",
  );
  await expect(joinVideos([{ path, from: 0.3, frames: 2 }], 10, target)).rejects.toThrow(
    "expected a key frame at 0.3000 s",
  );
  await expect(joinVideos([{ path, from: 0, frames: 5 }], 15, target)).rejects.toThrow("is 15 the video's frame rate?");
  await expect(
    createVideo(target, { width: 95, height: 64, fps: 10 }, { codec: "h264", crf: 20, gop: 2 }),
  ).rejects.toThrow("even sides");
});
