// ALOHA's layout, written by h5py (test/golden/aloha/generate.py), becomes a dataset: every number and every picture.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import { importHdf5 } from "./import-hdf5.ts";
import { validateDataset } from "./validate/validate.ts";

const golden = join(import.meta.dirname, "../../test/golden/aloha");
const folder = mkdtempSync(join(tmpdir(), "pistar-hdf5-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** What generate.py paints. */
function pixels(episode: number, frame: number, camera: number): Uint8Array {
  const data: number[] = [];
  for (let y = 0; y < 32; y++)
    for (let x = 0; x < 48; x++) data.push(4 * x, 6 * y, 60 * camera + 20 * episode + 5 * frame);
  return Uint8Array.from(data);
}

const largestDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);

test("numbers and pictures, plain and packed, in the order of the files' numbers", async () => {
  const target = path("pictures");
  expect(
    await importHdf5(golden, target, { fps: 50, task: "insert the peg", robotType: "aloha", pictures: true }),
  ).toBe(2);
  expect(await validateDataset(target)).toEqual([]);
  const dataset = await openDataset(target);
  // episode_9.hdf5 comes before episode_10.hdf5.
  expect(dataset.episodes.map(({ length, tasks }) => [length, tasks])).toEqual([
    [4, ["insert the peg"]],
    [3, ["insert the peg"]],
  ]);
  expect([dataset.fps, dataset.robotType]).toEqual([50, "aloha"]);
  expect(dataset.features.get("action")!.names).toEqual(dataset.features.get("observation.state")!.names);
  expect((dataset.features.get("action")!.names as string[])[6]).toBe("left_gripper");
  const offsets = {
    "observation.state": 0,
    "observation.velocity": 100,
    "observation.effort": 200,
    action: 300,
    base_action: 400,
  };
  for (const { index, length } of dataset.episodes) {
    const columns = await dataset.columns(index);
    for (const [name, offset] of Object.entries(offsets)) {
      const size = name === "base_action" ? 2 : 14;
      const wanted = Array.from({ length: length * size }, (_, at) =>
        Math.fround(offset + index + Math.floor(at / size) + (at % size) / 10),
      );
      const found = columns.get(name)!.data as Float32Array;
      expect(Math.max(...wanted.map((value, at) => Math.abs(value - found[at]!))), name).toBeLessThan(1e-4);
    }
    for (const [at, camera] of ["cam_high", "cam_left_wrist"].entries()) {
      const frames = await dataset.frames(index, `observation.images.${camera}`, [...Array(length).keys()]);
      // The second file holds JPEG.
      for (const [frame, { data }] of frames.entries())
        expect(largestDifference(data, pixels(index, frame, at)), camera).toBeLessThanOrEqual(index === 0 ? 0 : 6);
    }
  }
  await dataset.close();
});

test("as video, with red and blue exchanged", async () => {
  const target = path("video");
  await importHdf5(golden, target, { fps: 50, task: "t", bgr: true });
  expect(await validateDataset(target)).toEqual([]);
  const dataset = await openDataset(target);
  expect(dataset.features.get("observation.images.cam_high")!.dtype).toBe("video");
  const [image] = await dataset.frames(0, "observation.images.cam_high", [2]);
  const { data } = image!;
  const wanted = pixels(0, 2, 0);
  const middle = 3 * (16 * 48 + 24);
  expect(Math.abs(data[middle]! - wanted[middle + 2]!)).toBeLessThan(20);
  expect(Math.abs(data[middle + 2]! - wanted[middle]!)).toBeLessThan(20);
  await dataset.close();
});

test("what is no such folder says what was expected, and leaves nothing behind", async () => {
  const [empty, text, mixed] = [path("empty"), path("text"), path("mixed")];
  for (const one of [empty, text]) mkdirSync(one);
  const options = { fps: 50, task: "t", pictures: true };
  await expect(importHdf5(empty, path("x"), options)).rejects.toThrow(
    "expected files such as episode_0.hdf5, found none",
  );
  writeFileSync(join(text, "episode_0.hdf5"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  await expect(importHdf5(text, path("x"), options)).rejects.toThrow(
    /episode_0.hdf5: expected an HDF5 file, got a git-LFS pointer/,
  );
  cpSync(golden, mixed, { recursive: true });
  writeFileSync(join(mixed, "episode_11.hdf5"), "");
  await expect(importHdf5(mixed, path("x"), options)).rejects.toThrow("episode_11.hdf5: expected an HDF5 file");
  copyFileSync(join(golden, "episode_9.hdf5"), join(mixed, "episode_11.hdf5"));
  await expect(importHdf5(mixed, mixed, options)).rejects.toThrow("expected a folder that is new or empty");
  await expect(openDataset(path("x"))).rejects.toThrow("expected a LeRobot dataset");
});
