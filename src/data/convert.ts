// Copying a dataset into a new one of version 3.0, whatever version it has: rows bit for bit, videos without re-encoding.
import { rmSync } from "node:fs";
import { PistarError } from "../system/index.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { isCamera, isKnown } from "./dtypes.ts";
import { videoFile } from "./episodes.ts";
import { defaultFeatures } from "./info.ts";
import { type FeatureStats, imageStats, sampledFrames } from "./stats.ts";
import type { Column, Feature, Image } from "./types.ts";
import type { VideoPart } from "./video-copy.ts";
import { createWriter } from "./writer.ts";

/** Called after each episode: how many are done, of how many. */
export type Progress = (done: number, total: number) => void;

/** An episode as a copy may change it: more columns, other instructions. */
export interface Changes {
  /** Features the copy has besides the source's. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Their columns for an episode, and the instruction of each frame where it changes. */
  change(
    episode: number,
    tasks: readonly string[],
  ): Promise<{ columns: ReadonlyMap<string, Column>; tasks: readonly string[] }>;
}

/**
 * Writes a v3.0 copy of `source` at `target` (a new folder). Statistics are computed anew, those of pictures from decoded
 * frames. Columns of types pistar does not know, or that info.json does not declare, are carried along.
 */
export async function convertDataset(
  source: LeRobotDataset,
  target: string,
  { changes, progress }: { readonly changes?: Changes; readonly progress?: Progress } = {},
): Promise<void> {
  const own = [...source.features].filter(([name, { dtype }]) => !(name in defaultFeatures) && isKnown(dtype));
  const carried = [...source.features].filter(([, { dtype }]) => !isKnown(dtype));
  const carriedNames = [...carried.map(([name]) => name), ...(await source.undeclared())];
  const writer = await createWriter(target, {
    fps: source.fps,
    ...(source.robotType && { robotType: source.robotType }),
    features: { ...Object.fromEntries(own), ...changes?.features },
    carried: Object.fromEntries(carried),
  });
  try {
    for (const { index, length, extra } of source.episodes) {
      const names = own.flatMap(([name, feature]) => (isCamera(feature) ? [] : [name]));
      const stored = await source.columns(index, [...names, "task_index"]);
      const tasks = taskTexts(source, index, stored.get("task_index")!);
      const changed = await changes?.change(index, tasks);
      const cameraStats = new Map<string, FeatureStats>();
      const pictures = new Map<string, Uint8Array[]>();
      const videos = new Map<string, VideoPart>();
      for (const [name, feature] of own.filter(([, feature]) => isCamera(feature))) {
        cameraStats.set(name, await pictureStats(source, index, length, name));
        if (feature.dtype === "image") pictures.set(name, await storedPictures(source, index, name));
        else {
          const span = source.episodes[index]!.videos.get(name)!;
          videos.set(name, {
            path: videoFile(source.root, source.info, name, index, span),
            from: span.from,
            frames: length,
          });
        }
      }
      await writer.appendEpisode({
        length,
        tasks: changed?.tasks ?? tasks,
        columns: new Map([...stored, ...(changed?.columns ?? [])]),
        pictures,
        videos,
        cameraStats,
        carried: await Promise.all(carriedNames.map((name) => source.raw(index, name))),
        extra,
      });
      progress?.(index + 1, source.episodes.length);
    }
  } catch (error) {
    // Part of a dataset must not pass for the whole.
    await writer.close().catch(() => {});
    rmSync(target, { recursive: true, force: true });
    throw error;
  }
  await writer.close();
}

/** The instruction of each frame. */
function taskTexts(source: LeRobotDataset, episode: number, { data }: Column): string[] {
  return Array.from(data as BigInt64Array, (number) => {
    const text = source.tasks.get(Number(number));
    if (text === undefined)
      throw new PistarError(
        "damaged-file",
        `${source.root}, episode ${episode}: task_index ${number} is not in the list of tasks`,
        { path: source.root },
      );
    return text;
  });
}

/** Statistics of one camera over LeRobot's sample of an episode's frames, decoded a few at a time. */
async function pictureStats(
  source: LeRobotDataset,
  episode: number,
  length: number,
  camera: string,
): Promise<FeatureStats> {
  const wanted = sampledFrames(length);
  const images: Image[] = [];
  for (let at = 0; at < wanted.length; at += 32)
    images.push(...(await source.frames(episode, camera, wanted.slice(at, at + 32))));
  return imageStats(images);
}

async function storedPictures(source: LeRobotDataset, episode: number, camera: string): Promise<Uint8Array[]> {
  const { values } = await source.raw(episode, camera);
  return Array.from(values as ArrayLike<{ bytes?: Uint8Array } | null>, (cell, frame) => {
    if (!cell?.bytes)
      throw new PistarError(
        "damaged-file",
        `${source.root}, episode ${episode}, column "${camera}", frame ${frame}: expected a picture, got none`,
        { path: source.root },
      );
    return cell.bytes;
  });
}
