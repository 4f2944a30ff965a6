// A dataset made from a seed. Its numbers are in memory. Its images are raw bytes in real files below its root, one for
// each camera and episode, so watchers of files find them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Column, Dataset, Feature, Image } from "../../src/data/types.ts";
import { random } from "../../src/system/random.ts";

export interface MemoryDataset extends Dataset {
  /** Frames decoded so far. */
  readonly decoded: () => number;
  readonly append: (length: number) => void;
  /** Path of one episode's pictures. */
  readonly pictures: (episode: number, camera: string) => string;
}

export interface MemoryDatasetOptions {
  readonly lengths: readonly number[];
  /** Where its files go (default: a new temporary folder). */
  readonly root?: string;
  readonly cameras?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly stateSize?: number;
  readonly actionSize?: number;
  readonly seed?: number;
  /** Numbers of the episodes, where they do not count from 0. */
  readonly firstEpisode?: number;
}

export function memoryDataset({
  lengths,
  root = mkdtempSync(join(tmpdir(), "pistar-dataset-")),
  cameras = ["top"],
  width = 20,
  height = 14,
  stateSize = 3,
  actionSize = 2,
  seed = 1,
  firstEpisode = 0,
}: MemoryDatasetOptions): MemoryDataset {
  const generator = random(seed);
  const frameBytes = width * height * 3;
  const episodes: { index: number; length: number; tasks: readonly string[]; extra: Record<string, unknown> }[] = [];
  const tables = new Map<number, ReadonlyMap<string, Column>>();
  const tasks = new Map([
    [0, "pick up the bottle"],
    [4, "fold the towel"],
  ]);
  const pictures = (episode: number, camera: string) => join(root, "videos", camera, `episode_${episode}.rgb`);
  let decoded = 0;

  const append = (length: number) => {
    const index = firstEpisode + episodes.length;
    const task = episodes.length % 2 === 0 ? 0 : 4;
    episodes.push({ index, length, tasks: [tasks.get(task)!], extra: {} });
    const numbers = (size: number) => Float32Array.from({ length: length * size }, () => 4 * generator.uniform() - 1);
    tables.set(
      index,
      new Map<string, Column>([
        ["observation.state", { dtype: "float32", shape: [stateSize], data: numbers(stateSize) }],
        ["action", { dtype: "float32", shape: [actionSize], data: numbers(actionSize) }],
        ["task_index", { dtype: "int64", shape: [1], data: new BigInt64Array(length).fill(BigInt(task)) }],
      ]),
    );
    for (const camera of cameras) {
      const bytes = Uint8Array.from({ length: length * frameBytes }, () => generator.integer(256));
      mkdirSync(dirname(pictures(index, camera)), { recursive: true });
      writeFileSync(pictures(index, camera), bytes);
    }
  };
  for (const length of lengths) append(length);

  const vector = (size: number): Feature => ({ dtype: "float32", shape: [size], names: null });
  return {
    root,
    fps: 10,
    robotType: undefined,
    features: new Map<string, Feature>([
      ["observation.state", vector(stateSize)],
      ["action", vector(actionSize)],
      ...cameras.map((camera): [string, Feature] => [
        camera,
        { dtype: "video", shape: [height, width, 3], names: ["height", "width", "channels"] },
      ]),
    ]),
    tasks,
    episodes,
    cameras,
    columns: async (episode, names) =>
      new Map([...tables.get(episode)!].filter(([name]) => names?.includes(name) ?? true)),
    frames: async (episode, camera, indices): Promise<Image[]> => {
      const bytes = readFileSync(pictures(episode, camera));
      decoded += indices.length;
      return indices
        .filter((frame) => (frame + 1) * frameBytes <= bytes.length)
        .map((frame) => ({ width, height, data: bytes.subarray(frame * frameBytes, (frame + 1) * frameBytes) }));
    },
    close: async () => rmSync(root, { recursive: true, force: true }),
    decoded: () => decoded,
    append,
    pictures,
  };
}
