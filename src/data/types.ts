// A robot dataset for all parts of pistar, in whatever version of the format.

/** An RGB image, rows from the top, `data` is [height, width, 3] bytes. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A feature as info.json declares it; `dtype` is a numpy name, "string", "image", "video" or something we pass through. */
export interface Feature {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly names: unknown;
  readonly info?: Readonly<Record<string, unknown>>;
}

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** One column of one episode: `data` is [frames, ...shape] row-major; booleans are 0 or 1. */
export interface Column {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: NumericArray | readonly string[];
}

export interface Episode {
  readonly index: number;
  /** Frames. */
  readonly length: number;
  /** Its instruction texts. */
  readonly tasks: readonly string[];
  /** Episode-level columns beyond the format's own, such as `episode_success`. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A dataset opened for reading. */
export interface Dataset {
  readonly root: string;
  readonly fps: number;
  readonly robotType: string | undefined;
  readonly features: ReadonlyMap<string, Feature>;
  /** Instruction text by task_index. */
  readonly tasks: ReadonlyMap<number, string>;
  readonly episodes: readonly Episode[];
  /** Names of the features with colour images or video. */
  readonly cameras: readonly string[];
  /** Names in the files, for a dataset opened under other names. */
  readonly storedNames?: ReadonlyMap<string, string>;
  /** The named columns of one episode (default: all but images). */
  columns(episode: number, names?: readonly string[]): Promise<ReadonlyMap<string, Column>>;
  /** Frames `indices` (0 is the episode's first) of one camera, in the order asked for. */
  frames(episode: number, camera: string, indices: readonly number[]): Promise<Image[]>;
  close(): Promise<void>;
}
