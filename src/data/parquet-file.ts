// Reading parquet: one open file with its metadata, columns by row range.
import { close, fstatSync, openSync, read } from "node:fs";
import { promisify } from "node:util";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { foreignFile, PistarError, readError } from "../system/index.ts";
import { allocate, dtypeOf, isNumeric, sizeOf } from "./dtypes.ts";
import { mostValues } from "./parquet-pages.ts";
import { GroupReader } from "./row-groups.ts";
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

/**
 * Opens a file and reads its footer.
 *
 * @throws Error naming the file if it is missing, truncated, damaged, or something other than parquet
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    throw readError(path, "a parquet file", error);
  }
  const buffer = fileBuffer(handle);
  let metadata: FileMetaData;
  let schema: SchemaTree;
  try {
    metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    schema = parquetSchema(metadata);
    checkFooter(metadata, buffer.byteLength);
  } catch (error) {
    await closeHandle(handle);
    const foreign = foreignFile(path);
    if (foreign) throw new PistarError("damaged-file", `${path}: expected a parquet file, got ${foreign}`, { path });
    throw new PistarError("damaged-file", `${path}: truncated or not parquet (${(error as Error).message})`, { path });
  }
  const columns = new Map(schema.children.map((child) => [child.element.name, child]));
  const rows = Number(metadata.num_rows);
  const groups = metadata.row_groups.map((group) => Number(group.num_rows));
  const reader = new GroupReader(buffer, metadata, schema);

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
      for (const { index, first, last } of reader.overlapping(start, end))
        parts.push(await reader.read(index, column, Math.max(start, first) - first, Math.min(end, last) - first));
      return parts.length === 1 ? parts[0]! : parts.flatMap((part) => Array.from(part));
    } catch (error) {
      throw new PistarError(
        "damaged-file",
        `${path}, column "${column}": cannot decode (${(error as Error).message})`,
        { path },
      );
    }
  }

  async function closeFile(): Promise<void> {
    reader.drop();
    await closeHandle(handle);
  }

  return { path, rows, groups, columns, metadata, values, close: closeFile };
}

/** Reads byte ranges of an open file, never beyond its end. */
function fileBuffer(handle: number): AsyncBuffer {
  const byteLength = fstatSync(handle).size;
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (!(start >= 0 && end <= byteLength)) throw new Error(`bytes ${start} to ${end} of a file of ${byteLength}`);
      const bytes = new Uint8Array(Math.max(0, end - start));
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await readAt(handle, bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0) throw new Error(`ends at byte ${start + at}, expected ${end}`);
        at += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** Refuses row counts that contradict each other, or exceed the bytes. */
function checkFooter({ num_rows, row_groups }: FileMetaData, fileBytes: number): void {
  let rows = 0;
  for (const group of row_groups) {
    if (group.num_rows < 0) throw new Error(`a row group claims ${group.num_rows} rows`);
    rows += Number(group.num_rows);
    for (const { meta_data: column } of group.columns)
      if (column && !(Number(column.num_values) <= mostValues(fileBytes)))
        throw new Error(`column ${column.path_in_schema.join(".")} claims ${column.num_values} values`);
  }
  if (rows !== Number(num_rows)) throw new Error(`the footer claims ${num_rows} rows, its row groups hold ${rows}`);
  if (rows > mostValues(fileBytes)) throw new Error(`${rows} rows in ${fileBytes} bytes`);
}

/**
 * A parquet column as the feature declares it: [frames, ...shape] in a typed array, or strings. An unknown type comes
 * as one JSON text a frame. `where` (file, episode, column) opens the errors.
 */
export function toColumn(values: ArrayLike<unknown>, { dtype, shape }: Feature, where: string): Column {
  if (dtype === "string" || !isNumeric(dtype)) {
    const data = Array.from(values, (value) => (typeof value === "string" ? value : JSON.stringify(plain(value))));
    return { dtype, shape, data };
  }
  const size = sizeOf(shape);
  // The declared shape is a claim: nothing is reserved for it before the first frame bears it out.
  if (values.length > 0 && size !== countOf(values[0]))
    throw new Error(`${where}, frame 0: expected shape [${shape.join(", ")}], got ${describe(values[0])}`);
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
      if (listed) throw new Error(`${where}, frame ${frame}: expected shape [${shape.join(", ")}], got deeper lists`);
      if (!isNumber(value) || (convert === BigInt && typeof value === "number" && !Number.isInteger(value)))
        throw new Error(`${where}, frame ${frame}: expected ${dtype}, got ${describe(value)}`);
      flat[at++] = convert(value);
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

/** Numbers in a value of nested lists. */
function countOf(value: unknown): number {
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return 1;
  const items = value as ArrayLike<unknown>;
  return items.length === 0 ? 0 : Array.from(items).reduce<number>((sum, item) => sum + countOf(item), 0);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) || ArrayBuffer.isView(value)
    ? `${(value as ArrayLike<unknown>).length} values on axis 0`
    : String(value);
}

/** The schema elements of a column and all below it, in parquet's order. */
export function flatten(column: SchemaTree): SchemaElement[] {
  return [column.element, ...column.children.flatMap(flatten)];
}

/** A column's own description, if info.json has none: type from the schema, shape from its first value. */
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
