// The brightness of a camera's pictures by a small sample of frames.
import { CameraReader } from "../camera-reader.ts";
import type { EpisodeRecord } from "../episodes.ts";
import type { Info } from "../info.ts";
import { RowReader } from "../row-reader.ts";
import type { Image } from "../types.ts";

/** Of one channel, in [0, 1]: mean and deviation over all pixels, and how far the means of single frames lie apart. */
interface Channel {
  readonly mean: number;
  readonly std: number;
  readonly spread: number;
}

const sampledEpisodes = 6;
const framesOfEpisode = 2;

/** The three channels of one camera over frames spread over the dataset. */
export async function pictureMoments(
  root: string,
  info: Info,
  episodes: readonly EpisodeRecord[],
  camera: string,
): Promise<Channel[]> {
  const rows = new RowReader(root, info, episodes, false);
  const reader = new CameraReader(root, info, rows);
  try {
    const images: Image[] = [];
    for (const episode of spread(episodes, sampledEpisodes).filter(({ length }) => length > 0)) {
      const frames = spread([...Array(Math.min(episode.length, 1000)).keys()], framesOfEpisode);
      images.push(...(await reader.frames(episode, camera, frames)));
    }
    return [0, 1, 2].map((channel) => channelOf(images, channel));
  } finally {
    await rows.close();
    await reader.close();
  }
}

/** At most `count` of the items, the first and the last among them. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, at) => items[Math.round((at * (items.length - 1)) / (count - 1))]!);
}

function channelOf(images: readonly Image[], channel: number): Channel {
  const means: number[] = [];
  let [sum, squares, count] = [0, 0, 0];
  for (const { data } of images) {
    let own = 0;
    for (let at = channel; at < data.length; at += 3) {
      const value = data[at]! / 255;
      own += value;
      squares += value * value;
    }
    means.push(own / (data.length / 3));
    sum += own;
    count += data.length / 3;
  }
  const mean = sum / count;
  const spread = Math.sqrt(means.reduce((total, value) => total + (value - mean) ** 2, 0) / means.length);
  return { mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)), spread };
}
