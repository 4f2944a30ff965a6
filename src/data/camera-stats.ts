// Statistics of one camera over LeRobot's sample of an episode's frames, decoded a few at a time.
import type { LeRobotDataset } from "./dataset.ts";
import { isDepth } from "./dtypes.ts";
import { columnStats, type FeatureStats, imageStats, sampledFrames } from "./stats.ts";
import type { Image } from "./types.ts";

/** Frames decoded at once. */
const batch = 32;

/** Colour in [0, 1] a channel; depth in info.json's unit (default millimetres). */
export async function cameraStats(
  source: LeRobotDataset,
  episode: number,
  camera: string,
  from: number,
  to: number,
): Promise<FeatureStats> {
  const wanted = sampledFrames(to - from).map((frame) => frame + from);
  const feature = source.features.get(camera)!;
  if (isDepth(feature)) {
    const metres: number[] = [];
    for (let at = 0; at < wanted.length; at += batch)
      for (const { data } of await source.depth(episode, camera, wanted.slice(at, at + batch)))
        for (const value of data) metres.push(value);
    const inMetres = feature.info?.depth_unit === "m";
    const data = Float64Array.from(metres, (value) => (inMetres ? value : Math.round(value * 1000)));
    return columnStats({ dtype: "float64", shape: [1], data }, wanted.length);
  }
  const images: Image[] = [];
  for (let at = 0; at < wanted.length; at += batch)
    images.push(...(await source.frames(episode, camera, wanted.slice(at, at + batch))));
  return imageStats(images);
}
