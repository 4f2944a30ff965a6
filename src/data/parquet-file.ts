// Reading parquet: one open file with its metadata, columns by row range as typed arrays.
import { close, fstatSync, openSync, read } from "node:fs";
import { promisify } from "node:util";
import {
  type AsyncBuffer,
  type FileMetaData,
  type ParquetScan,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { PistarError, unreadable } from "../system/index.ts";
import { allocate, dtypeOf, isNumeric, sizeOf } from "./dtypes.ts";
import type { Column, Feature } from "./types.ts";

const readAt = promisify(read);
const closeHandle = promisify(close);

/** An open parquet file. */
export interface ParquetFile {
  readonly path: string;
  readonly rows: number;
  /** Rows of each row group. */
  readonly groups: readonly number[];
  readonly columns: ReadonlyMap<string, SchemaTree>;
  readonly metadata: FileMetaData;
  /** Values of one column as parquet holds them: numbers, strings, bytes, arrays or structs. */
  values(column: string, start?: number, end?: number): Promise<ArrayLike<unknown>>;
  close(): Promise<void>;
}

/** Opens a file and reads its footer; a truncated file is refused here. */
export async function openParquet(path: string): Promise<ParquetFile> {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    throw unreadable(path, "a parquet file", error);
  }
  const buffer: AsyncBuffer = {
    byteLength: fstatSync(handle).size,
    async slice(start, end = buffer.byteLength) {
      const bytes = new Uint8Array(Math.max(0, end - start));
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await readAt(handle, bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0) throw new Error(`ends at byte ${start + at}, expected ${end}`);
        at += bytesRead;
      }
      return bytes.buffer;
    },
  };
  let scan: ParquetScan;
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    scan = await parquetScan({ file: buffer, metadata, compressors, utf8: false, geoparquet: false });
  } catch (error) {
    await closeHandle(handle);
    throw new PistarError("damaged-file", `${path}: truncated or not parquet (${(error as Error).message})`, { path });
  }
  const columns = new Map(parquetSchema(metadata).children.map((child) => [child.element.name, child]));
  const rows = Number(metadata.num_rows);

  async function values(column: string, start = 0, end = rows): Promise<ArrayLike<unknown>> {
    if (!columns.has(column))
      throw new PistarError(
        "damaged-file",
        `${path}: no column "${column}", it has ${[...columns.keys()].join(", ")}`,
        { path },
      );
    if (end > rows)
      throw new PistarError("damaged-file", `${path}, column "${column}": expected ${end} rows or more, got ${rows}`, {
        path,
      });
    try {
      const parts: ArrayLike<unknown>[] = [];
      for (const range of scan.ranges) {
        const rowStart = Math.max(start, range.rowStart);
        const rowEnd = Math.min(end, range.rowEnd);
        if (rowStart < rowEnd) parts.push(await scan.readColumn({ column, rowStart, rowEnd }));
      }
      return parts.length === 1 ? parts[0]! : parts.flatMap((part) => Array.from(part));
    } catch (error) {
      throw new PistarError(
        "damaged-file",
        `${path}, column "${column}": cannot decode (${(error as Error).message})`,
        { path },
      );
    }
  }

  return {
    path,
    rows,
    groups: metadata.row_groups.map((group) => Number(group.num_rows)),
    columns,
    metadata,
    values,
    close: () => closeHandle(handle),
  };
}

/**
 * A parquet column as the feature declares it: [frames, ...shape] in a typed array, or strings. A type pistar does not know
 * comes as one JSON text a frame. `where` (file, episode, column) opens the errors.
 */
export function toColumn(values: ArrayLike<unknown>, { dtype, shape }: Feature, where: string): Column {
  if (dtype === "string" || !isNumeric(dtype)) {
    const data = Array.from(values, (value) => (typeof value === "string" ? value : JSON.stringify(plain(value))));
    return { dtype, shape, data };
  }
  const size = sizeOf(shape);
  const data = allocate(dtype, values.length * size);
  if (size === 1 && ArrayBuffer.isView(values) && values.constructor === data.constructor) {
    (data as Float32Array).set(values as unknown as Float32Array);
    return { dtype, shape, data };
  }
  const convert = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt : Number;
  const flat = data as { [at: number]: number | bigint };
  let at = 0;
  const write = (value: unknown, axis: number, frame: number): void => {
    const listed = Array.isArray(value) || ArrayBuffer.isView(value);
    if (axis === shape.length || (axis === 0 && size === 1 && !listed)) {
      if (value === null || value === undefined)
        throw new Error(`${where}, frame ${frame}: expected a value, got null`);
      if (listed) throw new Error(`${where}, frame ${frame}: expected shape [${shape.join(", ")}], got deeper lists`);
      flat[at++] = convert(value as number);
      return;
    }
    const items = listed ? (value as ArrayLike<unknown>) : undefined;
    if (items === undefined || items.length !== shape[axis]) {
      const got = items ? `${items.length} values` : String(value);
      throw new Error(`${where}, frame ${frame}: expected shape [${shape.join(", ")}], got ${got} on axis ${axis}`);
    }
    for (let i = 0; i < items.length; i++) write(items[i], axis + 1, frame);
  };
  for (let frame = 0; frame < values.length; frame++) write(values[frame], 0, frame);
  return { dtype, shape, data };
}

/** The schema elements of a column and all below it, in parquet's order. */
export function flatten(column: SchemaTree): SchemaElement[] {
  return [column.element, ...column.children.flatMap(flatten)];
}

/** What a column says of itself where info.json does not: type from the schema, shape from its first value. */
export function inferFeature(column: SchemaTree, first: unknown): Feature {
  let leaf = column;
  while (leaf.children.length === 1) leaf = leaf.children[0]!;
  const dtype = leaf.children.length > 0 ? undefined : dtypeOf(leaf.element);
  const shape: number[] = [];
  for (let value = first; Array.isArray(value) || ArrayBuffer.isView(value); value = (value as unknown[])[0])
    shape.push((value as unknown[]).length);
  return { dtype: dtype ?? "unknown", shape: shape.length > 0 ? shape : [1], names: null };
}

/** bigints and bytes made fit for JSON. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value ?? null;
}
