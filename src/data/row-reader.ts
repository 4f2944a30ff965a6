// Reads the rows of an episode from its data file. They follow one another in the order of frames. A file with rows out
// of order can be read by their episode_index and frame_index instead.
import { PistarError } from "../system/index.ts";
import { dataFile, type EpisodeRecord } from "./episodes.ts";
import { FilePool } from "./file-pool.ts";
import type { Info } from "./info.ts";
import { openParquet, type ParquetFile } from "./parquet-file.ts";

/** The rows of one episode. */
export interface EpisodeRows {
  readonly file: ParquetFile;
  /** Values of a column, a row a frame; `frames` are the episode's first and the one after its last (default: all). */
  values(column: string, start?: number, end?: number): Promise<ArrayLike<unknown>>;
}

export class RowReader {
  private readonly root: string;
  private readonly info: Info;
  /** Global index of the first row of each data file. */
  private readonly firstRows = new Map<string, number>();
  private readonly files = new FilePool(openParquet);
  private readonly repair: boolean;
  private readonly orders = new Map<string, Promise<ReadonlyMap<number, Int32Array>>>();

  /** @param repair whether rows are found by episode_index and frame_index, anywhere in the file */
  constructor(root: string, info: Info, episodes: readonly EpisodeRecord[], repair: boolean) {
    this.root = root;
    this.info = info;
    this.repair = repair;
    for (const episode of episodes) {
      const path = dataFile(root, info, episode);
      this.firstRows.set(path, Math.min(this.firstRows.get(path) ?? episode.fromIndex, episode.fromIndex));
    }
  }

  /** Lets `task` read the rows of an episode while their file is open. */
  use<T>(episode: EpisodeRecord, task: (rows: EpisodeRows) => Promise<T>): Promise<T> {
    const path = dataFile(this.root, this.info, episode);
    return this.files.use(path, async (file) => {
      const order = this.repair ? await this.orderOf(file, episode) : undefined;
      if (order) return task({ file, values: (column, from, to) => picked(file, column, order.subarray(from, to)) });
      const first = episode.fromIndex - this.firstRows.get(path)!;
      const values = (column: string, start = 0, end = episode.length) =>
        file.values(column, first + start, first + end);
      return task({ file, values });
    });
  }

  /** Whether the rows of an episode lie in another order or place than its frames. Known only with `repair`. */
  isOutOfOrder(episode: EpisodeRecord): Promise<boolean> {
    const path = dataFile(this.root, this.info, episode);
    return this.files.use(path, async (file) => {
      const order = this.repair ? await this.orderOf(file, episode) : new Int32Array(0);
      const first = episode.fromIndex - this.firstRows.get(path)!;
      return order.some((row, frame) => row !== first + frame);
    });
  }

  /** Places of an episode's frames in its file, frame by frame. */
  private async orderOf(file: ParquetFile, { index, length }: EpisodeRecord): Promise<Int32Array> {
    if (!this.orders.has(file.path)) this.orders.set(file.path, rowsByEpisode(file));
    const rows = (await this.orders.get(file.path)!).get(index) ?? new Int32Array(0);
    if (rows.length !== length || rows.includes(-1))
      throw new PistarError(
        "damaged-file",
        `${file.path}, episode ${index}: expected frames 0 to ${length - 1} once each, got ${rows.filter((row) => row >= 0).length} of ${length}`,
        { path: file.path },
      );
    return rows;
  }

  close(): Promise<void> {
    return this.files.close();
  }
}

/** Rows of each episode of a file by frame_index; −1 for a missing frame. */
async function rowsByEpisode(file: ParquetFile): Promise<ReadonlyMap<number, Int32Array>> {
  const [episodes, frames] = [await file.values("episode_index"), await file.values("frame_index")];
  const found = new Map<number, number[]>();
  for (let row = 0; row < file.rows; row++) {
    const [episode, frame] = [Number(episodes[row]), Number(frames[row])];
    if (!found.has(episode)) found.set(episode, []);
    const rows = found.get(episode)!;
    if (!(Number.isInteger(frame) && frame >= 0 && frame < file.rows) || rows[frame] !== undefined)
      throw new PistarError(
        "damaged-file",
        `${file.path}, row ${row}: episode ${episode} has the frame ${frame} twice, or it cannot be one`,
        { path: file.path },
      );
    rows[frame] = row;
  }
  return new Map([...found].map(([episode, rows]) => [episode, Int32Array.from(rows, (row) => row ?? -1)]));
}

async function picked(file: ParquetFile, column: string, rows: Int32Array): Promise<ArrayLike<unknown>> {
  if (rows.length === 0) return [];
  const first = rows.reduce((a, b) => Math.min(a, b));
  const values = await file.values(column, first, rows.reduce((a, b) => Math.max(a, b)) + 1);
  return Array.from(rows, (row) => values[row - first]);
}
