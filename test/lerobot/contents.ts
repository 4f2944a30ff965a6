// What pistar reads from a dataset, in the form of the golden files and of reading.py.
import { createHash } from "node:crypto";
import type { Column, LeRobotDataset } from "../../src/data/index.ts";

export interface EpisodeContents {
  readonly task: string;
  /** A list of values, or one text, a frame. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  /** SHA-256 of the RGB bytes of each frame. */
  readonly pictures: Readonly<Record<string, readonly string[]>>;
  /** Metres of each frame. */
  readonly depth: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Reads every cell and every pixel. Pictures are read one by one from the last to the first, so each is found by itself. */
export async function contents(dataset: LeRobotDataset): Promise<EpisodeContents[]> {
  const episodes: EpisodeContents[] = [];
  for (const { index, length, tasks } of dataset.episodes) {
    const backwards = Array.from({ length }, (_, at) => length - 1 - at);
    const columns = await dataset.columns(index);
    const pictures: Record<string, string[]> = {};
    for (const camera of dataset.cameras) {
      const hashes: string[] = [];
      for (const frame of backwards) {
        const [image] = await dataset.frames(index, camera, [frame]);
        hashes.push(createHash("sha256").update(image!.data).digest("hex"));
      }
      pictures[camera] = hashes.reverse();
    }
    const depth: Record<string, number[][]> = {};
    for (const camera of dataset.depthCameras) {
      const maps: number[][] = [];
      for (const frame of backwards) {
        const [map] = await dataset.depth(index, camera, [frame]);
        maps.push([...map!.data]);
      }
      depth[camera] = maps.reverse();
    }
    episodes.push({
      task: tasks.join(", "),
      columns: Object.fromEntries([...columns].map(([name, column]) => [name, cells(column, length)])),
      pictures,
      depth,
    });
  }
  return episodes;
}

function cells({ dtype, data }: Column, length: number): unknown[] {
  if (dtype === "string") return [...(data as readonly string[])];
  if (dtype === "language") return Array.from(data as readonly string[], (text) => JSON.parse(text, asFloat32));
  const size = data.length / length;
  const values = Array.from(data as ArrayLike<number | bigint>, (value) =>
    dtype === "bool" ? Boolean(value) : Number(value),
  );
  return Array.from({ length }, (_, frame) => values.slice(frame * size, (frame + 1) * size));
}

/** Times of language rows may be stored as float64; LeRobot reads them as float32. */
const asFloat32 = (_: string, value: unknown) => (typeof value === "number" ? Math.fround(value) : value);
