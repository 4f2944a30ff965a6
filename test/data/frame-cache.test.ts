import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildFrameCache, FrameCache } from "../../src/data/frame-cache.ts";
import { resizeWithPad } from "../../src/data/resize.ts";
import { type MemoryDataset, memoryDataset } from "./memory-dataset.ts";

let directory: string;
let dataset: MemoryDataset;
const options = () => ({ directory, height: 8, width: 8 });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pistar-cache-"));
  dataset = memoryDataset({ lengths: [40, 1, 7], firstEpisode: 3 });
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await dataset.close();
});

/** All frames as a cache gives them. */
function cached(folder: string): Uint8Array[] {
  const cache = new FrameCache(folder);
  const frames = Array.from({ length: cache.frames }, (_, frame) => {
    const bytes = new Uint8Array(cache.frameBytes);
    cache.read(frame, bytes);
    return bytes;
  });
  cache.close();
  return frames;
}

/** All frames as they should be. */
async function decoded(of: MemoryDataset): Promise<Uint8Array[]> {
  const frames = [];
  for (const { index, length } of of.episodes) {
    const images = await of.frames(index, "top", Array.from(new Array(length).keys()));
    frames.push(...images.map((image) => resizeWithPad(image, 8, 8).data));
  }
  return frames;
}

test("every frame is the dataset's, resized; a second build decodes nothing", async () => {
  const progress: [number, number][] = [];
  const folder = await buildFrameCache(dataset, "top", { ...options(), onProgress: (...step) => progress.push(step) });
  expect(dataset.decoded()).toBe(48);
  expect(progress.at(-1)).toEqual([48, 48]);
  expect(await buildFrameCache(dataset, "top", options())).toBe(folder);
  expect(dataset.decoded()).toBe(48);
  expect(cached(folder)).toEqual(await decoded(dataset));
});

test("of two builds at once one decodes, the other waits and tells how far it is", async () => {
  const many = memoryDataset({ lengths: new Array<number>(70).fill(2) });
  const waited: number[] = [];
  const first = buildFrameCache(many, "top", options());
  const second = buildFrameCache(many, "top", { ...options(), onProgress: (done) => waited.push(done) });
  expect(await second).toBe(await first);
  expect(waited[0]).toBe(0);
  expect(many.decoded()).toBe(140);
  expect(cached(await first)).toEqual(await decoded(many));
  await many.close();
});

test("a changed byte rebuilds it, a changed time does not", async () => {
  const folder = await buildFrameCache(dataset, "top", options());
  const path = dataset.pictures(4, "top");
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
  await buildFrameCache(dataset, "top", options());
  expect(dataset.decoded()).toBe(48);
  const bytes = readFileSync(path);
  bytes[0]! ^= 255;
  writeFileSync(path, bytes);
  await buildFrameCache(dataset, "top", options());
  expect(dataset.decoded()).toBe(96);
  expect(cached(folder)).toEqual(await decoded(dataset));
});

test("new episodes are added without decoding the old ones again", async () => {
  const folder = await buildFrameCache(dataset, "top", options());
  dataset.append(5);
  await buildFrameCache(dataset, "top", options());
  expect(dataset.decoded()).toBe(53);
  expect(cached(folder)).toEqual(await decoded(dataset));
});

test("a build that fails keeps its whole segments and goes on from them", async () => {
  const many = memoryDataset({ lengths: new Array<number>(70).fill(2) });
  try {
    truncateSync(many.pictures(66, "top"), 20 * 14 * 3);
    await expect(buildFrameCache(many, "top", options())).rejects.toThrow(
      `${many.root}, episode 66, camera top: expected 2 frames from frame 0 on, got 1`,
    );
    const folder = join(directory, "8x8", "top");
    expect(readdirSync(folder).sort()).toEqual(["index.json", "segment-000.rgb"]);
    const before = many.decoded();
    many.append(1); // no recorded file changes
    await expect(buildFrameCache(many, "top", options())).rejects.toThrow("episode 66");
    expect(many.decoded() - before).toBe(6); // episodes 64, 65 and the broken one
    writeFileSync(many.pictures(66, "top"), new Uint8Array(2 * 20 * 14 * 3));
    await buildFrameCache(many, "top", options());
    expect(cached(folder)).toEqual(await decoded(many));
  } finally {
    await many.close();
  }
});

test.each([
  [300, 0],
  [1000, 640],
  [1280, 640], // decoded to its end but not entered in the index
])("a build killed at frame %i of segments of 640 keeps %i", async (killAt, kept) => {
  const root = resolve(import.meta.dirname, "../..");
  const url = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);
  const made = { lengths: new Array<number>(150).fill(10), root: join(directory, "dataset") };
  const script = `
    import { buildFrameCache } from ${url("src/data/frame-cache.ts")};
    import { memoryDataset } from ${url("test/data/memory-dataset.ts")};
    const onProgress = (done) => done === ${killAt} && process.kill(process.pid, "SIGKILL");
    await buildFrameCache(memoryDataset(${JSON.stringify(made)}), "top", { ...${JSON.stringify(options())}, onProgress });`;
  writeFileSync(join(directory, "build.mjs"), script);
  const child = spawnSync(process.execPath, ["--import", "tsx", join(directory, "build.mjs")], { cwd: root });
  expect(child.signal).toBe("SIGKILL");
  const many = memoryDataset(made); // the same bytes written again: as before, by content
  const folder = await buildFrameCache(many, "top", options());
  expect(1500 - many.decoded()).toBe(kept);
  expect(cached(folder)).toEqual(await decoded(many));
});

test("a damaged cache is built anew", async () => {
  const folder = await buildFrameCache(dataset, "top", options());
  truncateSync(join(folder, "segment-000.rgb"), 100);
  await buildFrameCache(dataset, "top", options());
  expect(dataset.decoded()).toBe(96);
  writeFileSync(join(folder, "index.json"), '{"version":1,');
  expect(() => new FrameCache(folder)).toThrow("expected a frame cache");
  await buildFrameCache(dataset, "top", options());
  expect(dataset.decoded()).toBe(144);
  expect(cached(folder)).toEqual(await decoded(dataset));
});

test("a picture that is not RGB is an error that names it, and leaves no file behind", async () => {
  const grey = { ...dataset, frames: async () => [{ width: 4, height: 4, data: new Uint8Array(16) }] };
  const one = { ...grey, episodes: dataset.episodes.slice(1, 2) };
  await expect(buildFrameCache(one, "top", options())).rejects.toThrow(
    "episode 4, camera top, frame 0: expected 4×4 pixels of RGB, got 16 bytes",
  );
  expect(readdirSync(join(directory, "8x8", "top"))).toEqual([]);
});

test("unknown cameras, frames out of range and a cache cut short are errors", async () => {
  await expect(buildFrameCache(dataset, "wrist", options())).rejects.toThrow("one of the cameras top, got wrist");
  const cache = new FrameCache(await buildFrameCache(dataset, "top", options()));
  const target = new Uint8Array(cache.frameBytes);
  expect(() => cache.read(48, target)).toThrow("from 0 to 47, got 48");
  truncateSync(join(directory, "8x8", "top", "segment-000.rgb"), 100);
  expect(() => cache.read(1, target)).toThrow("expected 192 bytes, got 0");
  cache.close();
});
