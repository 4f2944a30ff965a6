// Checks before hours of work: what will be written, the room on the disk and in memory.
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { freemem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { openDataset } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { choiceEpisodes } from "./episodes.ts";
import { type ControlName, controls } from "./extraction/controls.ts";
import type { DatasetOptions, RecapOptions } from "./options.ts";
import { pretrainedOn } from "./run.ts";

/** What a run needs, by calculation. */
export interface Needs {
  /** Bytes in the run's folder at its largest. */
  readonly disk: number;
  /** Bytes of memory. */
  readonly memory: number;
  readonly episodes: number;
  readonly trainings: number;
}

/** Measured on the quick preset: 190 episodes take 170 MB, five trainings of nano 157 MB, a process 1.4 GB. */
const measured = {
  bytesPerEpisode: 0.9e6,
  framesPerEpisode: 250,
  bytesPerTraining: { nano: 32e6, small: 190e6 },
  memory: 1.4e9,
};
/** Decoded pictures: two cameras, 64 × 64 pixels, three bytes each. */
const cachedBytesPerFrame = 2 * 64 * 64 * 3;

/** Needs of a run in simulation. */
export function needsOf(options: RecapOptions): Needs {
  const { tasks, demonstrations, iterations, autonomous, corrected, evaluation, size, parallel } = options;
  const { controls: wanted, temperatures, valueFolds } = options;
  // The control on autonomous episodes alone has a dataset of its own.
  const ofItsOwn = wanted.includes("autonomous-alone") ? demonstrations + iterations * (autonomous + corrected) : 0;
  const recorded =
    pretrainedOn(options).length * demonstrations + tasks.length * (iterations * (autonomous + corrected) + ofItsOwn);
  const trainingsOf = (name: ControlName) =>
    name === "guided" ? 0 : name === "awr" ? temperatures.length : name === "autonomous-alone" ? 1 + valueFolds : 1;
  const beside = wanted.reduce((sum, name) => sum + trainingsOf(name), 0);
  const isWordless = controls.some(({ name, wordless }) => wordless && wanted.includes(name));
  const before = valueFolds + (isWordless ? 2 : 1);
  const trainings = before + tasks.length * (1 + iterations * (1 + valueFolds) + beside);
  const choosing = wanted.includes("awr") ? temperatures.length * choiceEpisodes(options) : 0;
  const cache = recorded * measured.framesPerEpisode * cachedBytesPerFrame;
  return {
    episodes: recorded + tasks.length * (evaluation * (1 + iterations + wanted.length) + choosing),
    trainings,
    disk: recorded * measured.bytesPerEpisode + trainings * measured.bytesPerTraining[size] + cache,
    memory: measured.memory * Math.min(parallel, tasks.length),
  };
}

/** Needs of a run on datasets; the user's cache folder holds their pictures. */
export async function needsOnDatasets({ datasets, size }: DatasetOptions): Promise<Needs> {
  let [episodes, frames, cameras] = [0, 0, 0];
  for (const root of datasets) {
    const dataset = await openDataset(root, { usualNames: true });
    await dataset.close();
    episodes += dataset.episodes.length;
    frames += dataset.episodes.reduce((sum, { length }) => sum + length, 0);
    cameras = Math.max(cameras, dataset.cameras.length);
  }
  const cache = (frames * cameras * cachedBytesPerFrame) / 2;
  return { episodes, trainings: 2, disk: 2 * measured.bytesPerTraining[size] + cache, memory: measured.memory };
}

export interface Room {
  /** Free bytes on the disk of the run's folder. */
  readonly disk: number;
  /** Free bytes of memory. */
  readonly memory: number;
}

/**
 * Looks whether the run can write where it will.
 * @param datasets that get labels in their meta folder
 * @returns the room there is
 * @throws PistarError "no-access" naming the folder, or "full-disk" if the disk has less room than the run needs
 */
export function checkRoom(folder: string, { disk: needed }: Needs, datasets: readonly string[] = []): Room {
  const there = nearest(folder);
  expectWritable(there, "a run is written there; choose another folder with --out");
  for (const root of datasets)
    expectWritable(join(root, "meta"), "labels are written there; change its permissions, or copy the dataset");
  const { bavail, bsize } = statfsSync(there);
  const disk = bavail * bsize;
  if (disk < needed)
    throw new PistarError(
      "full-disk",
      `${folder}: expected ${gigabytes(needed)} of free disk for the run, found ${gigabytes(disk)}; make room, or choose another disk with --out`,
      { path: folder },
    );
  return { disk, memory: freemem() };
}

function expectWritable(folder: string, why: string): void {
  try {
    accessSync(folder, constants.W_OK);
    if (!statSync(folder).isDirectory()) throw new Error("not a folder");
  } catch (error) {
    throw new PistarError("no-access", `${folder}: expected a folder that can be written; ${why}`, {
      path: folder,
      cause: error,
    });
  }
}

/** The folder itself or the nearest one above it that exists. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(resolve(folder))));

/** "1.4 GB". */
export const gigabytes = (bytes: number): string => `${Number((bytes / 1e9).toPrecision(2))} GB`;
