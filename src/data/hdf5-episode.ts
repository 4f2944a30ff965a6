// One episode in an HDF5 file, as ALOHA's record_episodes.py lays it out: observations/qpos, observations/images/CAMERA
// and action, a row a frame. HDF5 comes through the optional package h5wasm.

import { closeSync, openSync, readSync } from "node:fs";
import type { Group, Dataset as H5Dataset, File as H5File } from "h5wasm/node";
import { foreignFile, PistarError } from "../system/index.ts";
import { decodeImage } from "./png.ts";
import type { Feature, Image } from "./types.ts";

type Hdf5 = typeof import("h5wasm/node");

let loading: Promise<Hdf5> | undefined;

/** The HDF5 binding. Without h5wasm, an error with the way to get it. */
function hdf5(): Promise<Hdf5> {
  loading ??= import("h5wasm/node").then(
    async (library) => {
      await library.ready;
      return library;
    },
    (error: Error) => {
      loading = undefined;
      throw new PistarError(
        "unavailable",
        `HDF5 files need the optional package h5wasm: run \`npm install h5wasm\` (${error.message})`,
      );
    },
  );
  return loading;
}

/** ALOHA's joints: both arms of seven. LeRobot's names for them. */
const joints = ["waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper"];
const alohaNames = ["left", "right"].flatMap((side) => joints.map((joint) => `${side}_${joint}`));

/** LeRobot's names of ALOHA's columns. Others keep theirs, with dots. */
const columnNames: Readonly<Record<string, string>> = {
  "observations/qpos": "observation.state",
  "observations/qvel": "observation.velocity",
  "observations/effort": "observation.effort",
};

const images = "observations/images/";

/** An open episode file. */
export interface Hdf5Episode {
  readonly path: string;
  /** Frames. */
  readonly length: number;
  /** Columns of numbers; cameras have dtype "image". */
  readonly features: Readonly<Record<string, Feature>>;
  /** Places in the file without a row for each frame. */
  readonly skipped: readonly string[];
  /** A column of numbers, [length, size]. */
  numbers(name: string): ArrayLike<number>;
  /** A camera's picture of a frame. */
  picture(name: string, frame: number): Promise<Image>;
  close(): void;
}

/** Opens one file. @throws Error naming the file and the expected content */
export async function openHdf5Episode(path: string): Promise<Hdf5Episode> {
  const library = await hdf5();
  const file = opened(library, path);
  try {
    return await episodeOf(library, path, file);
  } catch (error) {
    file.close();
    throw error;
  }
}

const signature = "\x89HDF\r\n\x1a\n";

/** The library prints its troubles with other files, so it is not asked to open them. */
function opened(library: Hdf5, path: string): H5File {
  const wrong = (what: string) =>
    new PistarError("damaged-file", `${path}: expected an HDF5 file, got ${what}`, { path });
  const handle = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(signature.length);
    readSync(handle, bytes, 0, bytes.length, 0);
    if (bytes.toString("latin1") !== signature) throw wrong(foreignFile(path) ?? "something else");
  } finally {
    closeSync(handle);
  }
  try {
    const file = new library.File(path, "r");
    file.keys();
    return file;
  } catch (error) {
    throw wrong(`a damaged one (${(error as Error).message})`);
  }
}

async function episodeOf(library: Hdf5, path: string, file: H5File): Promise<Hdf5Episode> {
  const datasets = new Map(listed(library, file));
  const action = datasets.get("action");
  if (action?.shape?.length !== 2)
    throw new PistarError(
      "wrong-layout",
      `${path}: expected an episode of ALOHA with "action", "observations/qpos" and "observations/images/CAMERA", it has ${[...datasets.keys()].join(", ") || "nothing"}`,
      { path },
    );
  const [length] = action.shape as [number];
  const features: Record<string, Feature> = {};
  const stored = new Map<string, H5Dataset>();
  const read = new Map<string, Float32Array>();
  const skipped: string[] = [];
  for (const [place, dataset] of datasets) {
    const feature = dataset.shape?.[0] === length ? await featureOf(path, place, dataset) : undefined;
    if (!feature) {
      if (place !== "compress_len") skipped.push(place);
      continue;
    }
    const name = place.startsWith(images)
      ? `observation.images.${place.slice(images.length)}`
      : (columnNames[place] ?? place.replace(/^observations\//, "observation.").replaceAll("/", "."));
    features[name] = feature;
    stored.set(name, dataset);
  }
  return {
    path,
    length,
    features,
    skipped,
    numbers(name) {
      if (!read.has(name))
        read.set(name, Float32Array.from(stored.get(name)!.value as ArrayLike<number | bigint>, Number));
      return read.get(name)!;
    },
    picture: (name, frame) => pictureOf(stored.get(name)!, frame, `${path}, "${name}", frame ${frame}`),
    close: () => void file.close(),
  };
}

/** All datasets below a group, by their path. */
function listed(library: Hdf5, group: Group, above = ""): [string, H5Dataset][] {
  return group.keys().flatMap((key): [string, H5Dataset][] => {
    const found = group.get(key);
    if (found instanceof library.Group) return listed(library, found, `${above}${key}/`);
    return found instanceof library.Dataset ? [[`${above}${key}`, found]] : [];
  });
}

/** The feature of a dataset; undefined for anything but a column. */
async function featureOf(path: string, place: string, dataset: H5Dataset): Promise<Feature | undefined> {
  const shape = dataset.shape!.slice(1);
  if (place.startsWith(images)) {
    if (dataset.dtype !== "<B" || ![1, 3].includes(shape.length)) return undefined;
    if (shape.length === 3 && shape[2] !== 3) return undefined;
    const { width, height } = await pictureOf(dataset, 0, `${path}, "${place}", frame 0`);
    return { dtype: "image", shape: [height, width, 3], names: ["height", "width", "channels"] };
  }
  if (typeof dataset.dtype !== "string" || !/^[<>][bBhHiIqQfd]$/.test(dataset.dtype) || shape.length > 1)
    return undefined;
  const [size = 1] = shape;
  const robot = /^(action|observations\/(qpos|qvel|effort))$/.test(place);
  return { dtype: "float32", shape: [size], names: robot && size === alohaNames.length ? alohaNames : null };
}

/** A picture, stored as pixels or as JPEG bytes with zeros behind them. */
async function pictureOf(dataset: H5Dataset, frame: number, where: string): Promise<Image> {
  const shape = dataset.shape!;
  const bytes = dataset.slice([[frame, frame + 1], ...shape.slice(1).map((): [] => [])]) as Uint8Array;
  if (shape.length === 4) return { width: shape[2]!, height: shape[1]!, data: Uint8Array.from(bytes) };
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return decodeImage(bytes.slice(0, end), where);
}
