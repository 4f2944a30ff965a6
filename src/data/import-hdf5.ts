// Makes a LeRobot dataset of a folder of HDF5 episodes, as ALOHA records them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PistarError } from "../system/index.ts";
import { buildAside, type CopyOptions } from "./copy.ts";
import { type Hdf5Episode, openHdf5Episode } from "./hdf5-episode.ts";
import type { Feature, Image } from "./types.ts";
import { createWriter } from "./writer.ts";

export interface ImportOptions extends Pick<CopyOptions, "progress" | "onNote"> {
  readonly fps: number;
  /** The instruction of all episodes. */
  readonly task: string;
  readonly robotType?: string | undefined;
  /** Whether pictures are kept as PNG in place of video. */
  readonly pictures?: boolean | undefined;
  /** Whether pictures hold blue first, as OpenCV packs them. */
  readonly bgr?: boolean | undefined;
}

/**
 * Imports the .hdf5 and .h5 files of a folder, one an episode, in the order of their numbers. Numbers become float32, as
 * in LeRobot's datasets.
 *
 * @returns the number of episodes
 * @throws Error naming the first unreadable file, or the first with other columns
 */
export async function importHdf5(folder: string, target: string, options: ImportOptions): Promise<number> {
  const order = new Intl.Collator("en", { numeric: true });
  const files = readdirSync(folder)
    .filter((name) => /\.(hdf5|h5)$/.test(name))
    .sort(order.compare);
  const [first] = files;
  if (first === undefined)
    throw new PistarError("missing-file", `${folder}: expected files such as episode_0.hdf5, found none`, {
      path: folder,
    });
  const features = await plannedFeatures(join(folder, first), options);
  await buildAside(target, async (unfinished) => {
    const { fps, robotType } = options;
    const writer = await createWriter(unfinished, { fps, features, ...(robotType !== undefined && { robotType }) });
    try {
      for (const [at, name] of files.entries()) {
        const episode = await openHdf5Episode(join(folder, name));
        try {
          refuseOther(episode, features, first);
          for (let frame = 0; frame < episode.length; frame++)
            await writer.addFrame(await frameOf(episode, frame, options), options.task);
        } finally {
          episode.close();
        }
        await writer.saveEpisode();
        options.progress?.(at + 1, files.length);
      }
    } finally {
      await writer.close();
    }
  });
  return files.length;
}

/** The features of the first file. Cameras become video where its 4:2:0 chroma can hold them. */
async function plannedFeatures(
  path: string,
  { pictures, onNote }: ImportOptions,
): Promise<Readonly<Record<string, Feature>>> {
  const { features, skipped, close } = await openHdf5Episode(path);
  close();
  if (skipped.length > 0) onNote?.(`${path}: left out, no columns of frames: ${skipped.join(", ")}`);
  const planned = Object.entries(features).map(([name, feature]): [string, Feature] => {
    if (feature.dtype !== "image" || pictures) return [name, feature];
    const [height, width] = feature.shape as [number, number];
    if (height % 2 === 0 && width % 2 === 0) return [name, { ...feature, dtype: "video" }];
    onNote?.(`"${name}" is ${width}x${height}; video needs even sides, so its pictures are kept as PNG`);
    return [name, feature];
  });
  return Object.fromEntries(planned);
}

function refuseOther({ path, features }: Hdf5Episode, planned: Readonly<Record<string, Feature>>, first: string): void {
  const described = (of: Readonly<Record<string, Feature>>) =>
    Object.entries(of)
      .map(([name, { shape }]) => `${name} [${shape.join(", ")}]`)
      .sort()
      .join(", ");
  if (described(features) !== described(planned))
    throw new PistarError(
      "wrong-layout",
      `${path}: expected the columns of ${first} (${described(planned)}), got ${described(features)}`,
      { path },
    );
}

async function frameOf(
  episode: Hdf5Episode,
  frame: number,
  { bgr }: ImportOptions,
): Promise<Record<string, Image | number[]>> {
  const values: Record<string, Image | number[]> = {};
  for (const [name, { dtype, shape }] of Object.entries(episode.features)) {
    if (dtype === "image") {
      const image = await episode.picture(name, frame);
      values[name] = bgr ? swapped(image) : image;
    } else {
      const size = shape[0]!;
      values[name] = Array.from({ length: size }, (_, at) => episode.numbers(name)[frame * size + at]!);
    }
  }
  return values;
}

/** Red and blue exchanged. */
function swapped({ width, height, data }: Image): Image {
  const turned = Uint8Array.from(data);
  for (let at = 0; at < turned.length; at += 3) [turned[at], turned[at + 2]] = [data[at + 2]!, data[at]!];
  return { width, height, data: turned };
}
