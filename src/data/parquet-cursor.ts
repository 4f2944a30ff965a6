// Reads a column of a row group page by page, in order. LeRobot's converter writes all episodes of a file into one group;
// memory holds only some of its pages.
import type { AsyncBuffer, ColumnMetaData, PageHeader, SchemaTree } from "hyparquet";
import { assembleNested } from "hyparquet/src/assemble.js";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { isFlatColumn } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";
import { PageCheck } from "./parquet-pages.ts";

type Values = ArrayLike<unknown>;
type ColumnDecoder = Parameters<typeof readPage>[2];

/** Bytes read from the file at once, unless a page is larger. */
const window = 2 ** 20;

/** The one leaf of a column, with the path to it from the root; undefined for structs with several. */
export function onlyLeaf(schema: SchemaTree, column: string): SchemaTree[] | undefined {
  let found = schema.children.find(({ element }) => element.name === column);
  const path = [schema];
  while (found && found.children.length === 1) {
    path.push(found);
    found = found.children[0];
  }
  return found && found.children.length === 0 ? [...path, found] : undefined;
}

/** Reads a column chunk forwards. */
export class PageCursor {
  private readonly buffer: AsyncBuffer;
  private readonly path: readonly SchemaTree[];
  private readonly decoder: ColumnDecoder;
  private readonly flat: boolean;
  private readonly check: PageCheck;
  private readonly end: number;
  private at: number;
  private bytes = new Uint8Array(0);
  private bytesStart = 0;
  private dictionary: ReturnType<typeof convert> | undefined;
  /** Decoded rows, page by page, each with the number of its first row in the group. */
  private parts: { readonly start: number; readonly rows: Values }[] = [];
  /** Rows decoded so far. */
  private decoded = 0;
  /** The last row of the last page: the next page may go on with it. */
  private open: unknown[] = [];
  private queue: Promise<unknown> = Promise.resolve();

  /** @param limit the most values of the file */
  constructor(buffer: AsyncBuffer, chunk: ColumnMetaData, path: readonly SchemaTree[], limit: number) {
    this.buffer = buffer;
    this.path = path;
    this.flat = isFlatColumn([...path]);
    this.check = new PageCheck(chunk, path, limit);
    this.at = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    this.end = this.at + Number(chunk.total_compressed_size);
    this.decoder = {
      pathInSchema: chunk.path_in_schema,
      element: path.at(-1)!.element,
      schemaPath: [...path],
      ...chunk,
      compressors,
      utf8: false,
      parsers: DEFAULT_PARSERS,
    };
  }

  /** Rows `start` to `end` of the group, or undefined if the cursor has passed `start`. */
  rows(start: number, end: number): Promise<Values | undefined> {
    const found = this.queue.then(() => this.read(start, end));
    this.queue = found.catch(() => {});
    return found;
  }

  private async read(start: number, end: number): Promise<Values | undefined> {
    if (start < (this.parts[0]?.start ?? this.decoded)) return undefined;
    while (this.decoded < end && this.at < this.end - 1) {
      await this.nextPage();
      this.forget(start);
    }
    this.forget(start);
    const among = this.parts.filter((part) => part.start < end);
    const parts = among.map((part) => slice(part.rows, Math.max(0, start - part.start), end - part.start));
    const filled = parts.filter(({ length }) => length > 0);
    return filled.length === 1 ? filled[0]! : filled.flatMap((part) => Array.from(part));
  }

  /** Drops pages before a row. */
  private forget(row: number): void {
    while (this.parts.length > 0 && this.parts[0]!.start + this.parts[0]!.rows.length <= row) this.parts.shift();
  }

  private async nextPage(): Promise<void> {
    const [header, length] = await this.header();
    const packed = await this.take(this.at + length, header.compressed_page_size);
    this.check.page(header, packed);
    this.at += length + header.compressed_page_size;
    const reader = { view: new DataView(packed.buffer, packed.byteOffset, packed.byteLength), offset: 0 };
    const dictionaryPage = header.type === "DICTIONARY_PAGE";
    const { data } = readPage(reader, header, this.decoder, this.dictionary, dictionaryPage ? undefined : this.open, 0);
    if (dictionaryPage) {
      if (data) this.dictionary = convert(data, this.decoder);
      return;
    }
    if (!data) return;
    const ended = this.flat || this.at >= this.end - 1;
    this.keep(this.flat ? data : (data as unknown[]).slice(0, ended ? undefined : -1));
    this.open = ended ? [] : (data as unknown[]).slice(-1);
  }

  private keep(rows: Values): void {
    const leaf = this.path.at(-1)!.path.join(".");
    const [column] = this.path.slice(1);
    const nested = new Map([[leaf, rows as unknown[]]]);
    assembleNested(nested, column!, DEFAULT_PARSERS);
    const whole = nested.get(column!.path.join("."))!;
    this.parts.push({ start: this.decoded, rows: whole });
    this.decoded += whole.length;
  }

  /** The next page's header, and its bytes. */
  private async header(): Promise<[PageHeader, number]> {
    for (let size = 2 ** 12; ; size *= 16) {
      const left = this.end - this.at;
      const bytes = await this.take(this.at, Math.min(size, left));
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      try {
        const header = parquetHeader(reader);
        if (!(header.compressed_page_size >= 0 && header.compressed_page_size <= left - reader.offset))
          throw new Error(`a page claims ${header.compressed_page_size} bytes, ${left - reader.offset} are left`);
        return [header, reader.offset];
      } catch (error) {
        // The header may be longer than these bytes.
        if (size >= left || size > 2 ** 20) throw error;
      }
    }
  }

  /** Bytes of the file, from the window in memory or anew. */
  private async take(start: number, length: number): Promise<Uint8Array> {
    if (start < this.bytesStart || start + length > this.bytesStart + this.bytes.length) {
      const end = Math.min(this.end, start + Math.max(length, window));
      this.bytes = new Uint8Array(await this.buffer.slice(start, end));
      this.bytesStart = start;
    }
    return this.bytes.subarray(start - this.bytesStart, start - this.bytesStart + length);
  }
}

/** Rows `start` to `end` of the values, without a copy where they all are asked for. */
export function slice(values: Values, start: number, end: number): Values {
  if (start <= 0 && end >= values.length) return values;
  if (Array.isArray(values)) return values.slice(start, end);
  return (values as Float32Array).subarray(start, end);
}
