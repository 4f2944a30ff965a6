// Writing parquet: row groups one after the other, flushed to the disk at the end.
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { isNumeric, isScalar, parquetColumn, sizeOf } from "./dtypes.ts";
import type { Column } from "./types.ts";

/** One column of a table about to be written: its schema (with children) and a value a row. */
export interface TableColumn {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  readonly values: ColumnSource["data"];
}

/** A parquet file being written. */
export interface ParquetOutput {
  /** Appends one row group; columns in the order of the schema. */
  write(columns: readonly TableColumn[]): void;
  /** Bytes so far. */
  readonly size: number;
  /** Writes the footer and waits until the disk has it all. */
  finish(): void;
  /** Closes the file without a footer, after an error. */
  abandon(): void;
}

/** Creates `path` with a schema and key-value metadata. Snappy, and dictionaries if they help, as LeRobot writes. */
export function createParquet(
  path: string,
  schema: readonly SchemaElement[],
  metadata: Readonly<Record<string, string>> = {},
): ParquetOutput {
  const handle = openSync(path, "wx");
  let open = true;
  const bytes = new ByteWriter();
  const drain = () => {
    for (let at = 0; at < bytes.index; ) at += writeSync(handle, new Uint8Array(bytes.buffer, at, bytes.index - at));
    bytes.index = 0;
  };
  const close = () => {
    if (open) closeSync(handle);
    open = false;
  };
  const children = schema.length - schema.reduce((count, element) => count + (element.num_children ?? 0), 0);
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "schema", repetition_type: "REQUIRED", num_children: children }, ...schema],
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: "pistar",
  });
  return {
    write(columns) {
      const columnData = columns.map(({ name, values, schema }): ColumnSource => {
        const pictures = schema.some((element) => element.name === "bytes");
        return { name, data: values, ...(pictures && { codec: "UNCOMPRESSED", statistics: false }) };
      });
      writer.write({ columnData, rowGroupSize: Math.max(1, columns[0]?.values.length ?? 1) });
      drain();
    },
    get size() {
      return bytes.offset;
    },
    finish() {
      writer.finish();
      drain();
      fsyncSync(handle);
      close();
    },
    abandon: close,
  };
}

/** Writes a table as one row group. */
export function writeTable(
  path: string,
  columns: readonly TableColumn[],
  metadata: Readonly<Record<string, string>> = {},
): void {
  const output = createParquet(
    path,
    columns.flatMap((column) => column.schema),
    metadata,
  );
  try {
    output.write(columns);
    output.finish();
  } finally {
    output.abandon();
  }
}

/** A frame column in the form the parquet writer takes. */
export function tableColumn(name: string, column: Column): TableColumn {
  return { name, schema: parquetColumn(name, column), values: rows(column) };
}

/** A column of one value a row, by numpy type. */
export function scalars(name: string, dtype: string, values: readonly unknown[]): TableColumn {
  return { name, schema: parquetColumn(name, { dtype, shape: [1] }), values: [...values] };
}

function rows({ dtype, shape, data }: Column): ColumnSource["data"] {
  if (!isNumeric(dtype)) return [...(data as readonly string[])];
  const direct = ["float32", "float64", "int32", "int64"].includes(dtype);
  if (direct && isScalar(shape)) return data as Float32Array;
  const values = Array.from(data as ArrayLike<number | bigint>, (value) => (dtype === "bool" ? value !== 0 : value));
  if (isScalar(shape)) return values;
  const size = sizeOf(shape);
  const nest = (start: number, axis: number): unknown => {
    if (axis === shape.length - 1) return values.slice(start, start + shape[axis]!);
    const step = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: shape[axis]! }, (_, i) => nest(start + i * step, axis + 1));
  };
  return Array.from({ length: values.length / size }, (_, row) => nest(row * size, 0));
}
