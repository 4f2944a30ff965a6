// Checks video files for a frame at every time of an episode.
import { existsSync } from "node:fs";
import { pictureShape } from "../dtypes.ts";
import { type EpisodeRecord, videoFile } from "../episodes.ts";
import { toleranceSeconds } from "../frame-decoder.ts";
import type { Info } from "../info.ts";
import { probeVideo, type VideoSummary } from "../video-copy.ts";
import type { Findings } from "./problem.ts";

export interface VideoUnit {
  readonly path: string;
  readonly camera: string;
  readonly group: readonly EpisodeRecord[];
}

/** The video files with their episodes. Missing paths, and paths out of the dataset, are reported once a camera. */
export function videoUnits(found: Findings, root: string, info: Info, episodes: readonly EpisodeRecord[]): VideoUnit[] {
  const cameras = Object.entries(info.features).flatMap(([name, { dtype }]) => (dtype === "video" ? [name] : []));
  return cameras.flatMap((camera) => {
    const groups = new Map<string, EpisodeRecord[]>();
    try {
      for (const episode of episodes) {
        const path = videoFile(root, info, camera, episode.index, episode.videos.get(camera)!);
        if (!groups.has(path)) groups.set(path, []);
        groups.get(path)!.push(episode);
      }
    } catch (error) {
      found.error("meta/info.json", (error as Error).message, { column: camera });
      return [];
    }
    return [...groups].map(([path, group]) => ({ path, camera, group }));
  });
}

export async function checkVideo(found: Findings, { path, camera, group }: VideoUnit, info: Info): Promise<void> {
  const place = { ...(group.length === 1 && { episode: group[0]!.index }), column: camera };
  if (!existsSync(path)) {
    for (const { index } of group) found.error(path, "the video is missing", { episode: index, column: camera });
    return;
  }
  const video = await found.attempt(path, () => probeVideo(path), place);
  if (!video) return;
  const shape = pictureShape(info.features[camera]!);
  if (video.width !== shape?.width || video.height !== shape.height)
    found.error(path, `expected ${shape?.width}x${shape?.height}, got ${video.width}x${video.height}`, place);
  for (const { index, length, videos } of group) {
    const at = { episode: index, column: camera };
    const span = videos.get(camera)!;
    const missing = missingFrames(video, span.from, length, info.fps);
    const off = Math.abs(span.to - span.from - length / info.fps) * info.fps;
    const text = `expected ${(length / info.fps).toFixed(3)} s for ${length} frames, meta says ${(span.to - span.from).toFixed(3)} s`;
    if (missing) found.error(path, missing, at);
    else if (off > 1.5) found.warn(path, text, at);
    else if (off > 0.5) found.add("note", path, `${text}: a frame off`, at);
  }
}

/** The missing frames of an episode's video; undefined if there are none. */
function missingFrames({ times }: VideoSummary, from: number, length: number, fps: number): string | undefined {
  let at = 0;
  let missing = 0;
  let first: number | undefined;
  for (let frame = 0; frame < length; frame++) {
    const time = from + frame / fps;
    while (at < times.length && times[at]! < time - toleranceSeconds) at++;
    if (at === times.length) {
      // The video has ended: all frames from here on are missing, however many the list claims.
      missing += length - frame;
      first ??= time;
      break;
    }
    if (times[at]! <= time + toleranceSeconds) continue;
    missing++;
    first ??= time;
  }
  if (missing === 0) return undefined;
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const rate = times.length > 1 ? `, ${((times.length - 1) / span).toFixed(2)} frames/s` : "";
  return `expected ${length} frames at ${fps} frames/s from ${from.toFixed(3)} s, ${missing} are missing, the first at ${first!.toFixed(3)} s; the video has ${times.length} frames${rate}`;
}
