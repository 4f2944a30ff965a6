// The episode being recorded: columns grow in memory, pictures are encoded as they come.
import { rmSync } from "node:fs";
import { located } from "../system/index.ts";
import { allocate, isCamera, isNumeric, pictureShape, sizeOf } from "./dtypes.ts";
import type { EpisodeContent } from "./episode-files.ts";
import { defaultFeatures } from "./info.ts";
import { encodePng } from "./png.ts";
import { savedVideo } from "./recording-folder.ts";
import { ImageStats } from "./stats.ts";
import type { Column, Feature, Image, NumericArray } from "./types.ts";
import { createVideo, defaultVideoSettings, type VideoEncoder, type VideoSettings } from "./video-encoder.ts";

export type FrameValue = NumericArray | readonly number[] | number | bigint | boolean | string | Image;
export type FrameValues = Readonly<Record<string, FrameValue>>;

export class EpisodeBuffer {
  readonly folder: string;
  private readonly features: ReadonlyMap<string, Feature>;
  private readonly cameras: readonly string[];
  private readonly fps: number;
  private readonly settings: VideoSettings;
  private readonly episode: number;
  private readonly tasks: string[] = [];
  private readonly columns = new Map<string, GrowingColumn>();
  private readonly encoders = new Map<string, VideoEncoder>();
  private readonly pictures = new Map<string, Uint8Array[]>();
  private readonly stats = new Map<string, ImageStats>();
  private broken: Error | undefined;
  private busy = false;
  private finished = false;

  constructor(
    folder: string,
    features: ReadonlyMap<string, Feature>,
    cameras: readonly string[],
    fps: number,
    settings: VideoSettings,
    episode: number,
  ) {
    this.folder = folder;
    this.features = features;
    this.cameras = cameras;
    this.fps = fps;
    this.settings = settings;
    this.episode = episode;
    for (const [name, feature] of features)
      if (!cameras.includes(name) && !(name in defaultFeatures)) this.columns.set(name, new GrowingColumn(feature));
    for (const camera of cameras) this.stats.set(camera, new ImageStats());
    for (const camera of cameras) this.pictures.set(camera, []);
  }

  get length(): number {
    return this.tasks.length;
  }

  /** Checks the whole frame before any of it is kept. */
  async add(values: FrameValues, task: string): Promise<void> {
    if (this.broken || this.finished)
      throw new Error(
        `episode ${this.episode} takes no more frames${this.broken ? ` (${this.broken.message})` : ""}; save or discard it`,
      );
    const where = `episode ${this.episode}, frame ${this.length}`;
    if (typeof task !== "string" || task === "")
      throw new Error(`${where}: expected the instruction as text, got ${JSON.stringify(task)}`);
    for (const name of Object.keys(values))
      if (!this.columns.has(name) && !this.cameras.includes(name))
        throw new Error(
          `${where}: "${name}" is not a feature to record; the dataset has ${[...this.columns.keys(), ...this.cameras].join(", ")}`,
        );
    for (const camera of this.cameras)
      checkImage(values[camera], this.features.get(camera)!, `${where}, column "${camera}"`);
    const checked = [...this.columns].map(
      ([name, column]) => [column, column.check(values[name], `${where}, column "${name}"`)] as const,
    );
    if (this.busy) throw new Error(`${where}: await the addFrame before this one first`);
    this.busy = true;
    try {
      await Promise.all(this.cameras.map((camera) => this.addImage(camera, values[camera] as Image)));
    } catch (error) {
      this.broken = error as Error;
      throw located(`${where}: the episode is incomplete, discard it`, error);
    } finally {
      this.busy = false;
    }
    for (const [column, value] of checked) column.push(value);
    this.tasks.push(task);
  }

  private async addImage(camera: string, image: Image): Promise<void> {
    this.stats.get(camera)!.add(image);
    if (this.features.get(camera)!.dtype === "image") {
      this.pictures.get(camera)!.push(await encodePng(image));
      return;
    }
    let encoder = this.encoders.get(camera);
    if (!encoder) {
      const { width, height } = image;
      encoder = await createVideo(savedVideo(this.folder, camera), { width, height, fps: this.fps }, this.settings);
      this.encoders.set(camera, encoder);
    }
    await encoder.write(image);
  }

  /** Completes the videos and hands the episode over. May be called again. */
  async finish(extra: Readonly<Record<string, unknown>>): Promise<EpisodeContent> {
    if (this.broken) throw located(`episode ${this.episode} is incomplete, discard it`, this.broken);
    try {
      if (!this.finished) await Promise.all([...this.encoders.values()].map((encoder) => encoder.finish()));
    } catch (error) {
      this.broken = error as Error;
      throw error;
    }
    this.finished = true;
    return {
      length: this.length,
      tasks: this.tasks,
      columns: new Map([...this.columns].map(([name, column]) => [name, column.take()])),
      pictures: this.pictures,
      videos: new Map([...this.encoders.keys()].map((camera) => [camera, undefined])),
      cameraStats: new Map([...this.stats].map(([camera, stats]) => [camera, stats.finish()])),
      carried: [],
      extra,
    };
  }

  /** Drops everything. */
  abandon(): void {
    for (const encoder of this.encoders.values()) encoder.abandon();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * An episode recorded apart from any dataset, for example in a worker thread. Its `finish` gives the input of
 * `DatasetWriter.appendEpisode`. Its cameras are of dtype "image": a video would need a dataset's folder.
 */
export function detachedEpisode(features: Readonly<Record<string, Feature>>, fps: number): EpisodeBuffer {
  const cameras = Object.keys(features).filter((name) => isCamera(features[name]!));
  const video = cameras.find((name) => features[name]!.dtype === "video");
  if (video) throw new TypeError(`Expected cameras of dtype "image", got "${video}" of dtype "video"`);
  return new EpisodeBuffer("", new Map(Object.entries(features)), cameras, fps, defaultVideoSettings, 0);
}

/** One column. Its room doubles as frames come. */
class GrowingColumn {
  private readonly feature: Feature;
  private readonly size: number;
  private readonly texts: string[] = [];
  private readonly one: NumericArray;
  private data: NumericArray;
  private used = 0;

  constructor(feature: Feature) {
    this.feature = feature;
    this.size = sizeOf(feature.shape);
    const dtype = isNumeric(feature.dtype) ? feature.dtype : "uint8";
    this.data = allocate(dtype, this.size * 64);
    this.one = allocate(dtype, 1);
  }

  /** The value as numbers (or the text), or an error with the expectation. */
  check(value: FrameValue | undefined, where: string): ArrayLike<number | bigint> | string {
    const { dtype, shape } = this.feature;
    const expected = `${where}: expected ${dtype} [${shape.join(", ")}]`;
    if (value === undefined) throw new Error(`${expected}, got nothing`);
    if (dtype === "string") {
      if (typeof value !== "string") throw new Error(`${expected}, got ${typeof value}`);
      return value;
    }
    if (typeof value === "string" || (typeof value === "object" && !("length" in value)))
      throw new Error(`${expected}, got ${typeof value === "string" ? "text" : "a picture"}`);
    const numbers: ArrayLike<number | bigint> =
      typeof value === "object" ? value : [typeof value === "boolean" ? Number(value) : value];
    if (numbers.length !== this.size)
      throw new Error(`${expected}, that is ${this.size} numbers, got ${numbers.length}`);
    for (let at = 0; at < numbers.length; at++)
      if (!this.fits(numbers[at]!)) throw new Error(`${expected}, got ${numbers[at]} at ${at}`);
    return numbers;
  }

  /** Whether a number is finite and keeps its value in this type (floats may be rounded). */
  private fits(value: number | bigint): boolean {
    const { dtype } = this.feature;
    if (dtype === "float64") return Number.isFinite(Number(value));
    if (dtype.startsWith("float")) return Number.isFinite(Math.fround(Number(value)));
    if (typeof value === "number" && !Number.isInteger(value)) return false;
    if (dtype === "bool") return value === 0 || value === 1 || value === 0n || value === 1n;
    if (this.one instanceof BigInt64Array || this.one instanceof BigUint64Array) this.one[0] = BigInt(value);
    else this.one[0] = Number(value);
    return BigInt(this.one[0]!) === BigInt(value);
  }

  push(value: ArrayLike<number | bigint> | string): void {
    if (typeof value === "string") {
      this.texts.push(value);
      return;
    }
    if (this.used + this.size > this.data.length) {
      const grown = allocate(this.feature.dtype, this.data.length * 2);
      (grown as Float32Array).set(this.data as Float32Array);
      this.data = grown;
    }
    const target = this.data as { [at: number]: number | bigint };
    const convert = this.data instanceof BigInt64Array || this.data instanceof BigUint64Array ? BigInt : Number;
    for (let at = 0; at < value.length; at++) target[this.used + at] = convert(value[at]!);
    this.used += this.size;
  }

  take(): Column {
    const { dtype, shape } = this.feature;
    return { dtype, shape, data: dtype === "string" ? this.texts : this.data.slice(0, this.used) };
  }
}

function checkImage(value: FrameValue | undefined, feature: Feature, where: string): void {
  const { height, width } = pictureShape(feature)!;
  const expected = `${where}: expected a picture of ${width}x${height}`;
  if (typeof value !== "object" || !("width" in value))
    throw new Error(`${expected}, got ${value === undefined ? "nothing" : typeof value}`);
  if (value.width !== width || value.height !== height)
    throw new Error(`${expected}, got ${value.width}x${value.height}`);
  if (value.data.length !== width * height * 3)
    throw new Error(`${expected}, that is ${width * height * 3} bytes, got ${value.data.length}`);
}
