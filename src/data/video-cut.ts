// A stretch of a video between key frames, encoded anew.
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Feature } from "./types.ts";
import type { VideoPart } from "./video-copy.ts";
import { createVideo, defaultVideoSettings } from "./video-encoder.ts";
import { openVideoReader } from "./video-reader.ts";

/** Frames decoded at once. */
const batch = 32;

/** Encodes the part into `target` with the feature's codec, and returns the whole of the new file. */
export async function encodePart(
  { path, from, frames }: VideoPart,
  fps: number,
  { info }: Feature,
  target: string,
): Promise<VideoPart> {
  const named = info?.["video.codec"];
  const codec = named === "h264" ? "h264" : defaultVideoSettings.codec;
  const reader = await openVideoReader(path);
  try {
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    const { width, height } = reader;
    const encoder = await createVideo(target, { width, height, fps }, { ...defaultVideoSettings, codec });
    try {
      for (let at = 0; at < frames; at += batch) {
        const times = Array.from({ length: Math.min(batch, frames - at) }, (_, i) => from + (at + i) / fps);
        for (const image of reader.frames(times)) await encoder.write(image);
      }
      await encoder.finish();
    } finally {
      encoder.abandon();
    }
  } finally {
    reader.close();
  }
  return { path: target, from: 0, frames };
}
