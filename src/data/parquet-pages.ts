// Checks the pages of a parquet column before they are decoded. A damaged or hostile page may claim a billion values in ten
// bytes; the decoder would believe it. After this check, decoding takes time and memory in proportion to the bytes on disk.
import type { ColumnMetaData, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";

/** Bytes of a page once it is unpacked. Writers make pages of about 1 MB, larger only for a single large value. */
const largestPage = 2 ** 28;

/** How many times its packed bytes a page can be at most. The others have no limit of their own. */
const expansion: Readonly<Record<string, number>> = { UNCOMPRESSED: 1, SNAPPY: 32, GZIP: 1040, LZ4: 260, LZ4_RAW: 260 };

/** Bytes of one value as a dictionary holds it. */
const plainBytes: Readonly<Record<string, number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

/**
 * The most values for a file of this many bytes. Run-length coding packs constant columns to almost nothing, so small
 * files get room.
 */
export function mostValues(fileBytes: number): number {
  return Math.max(2 ** 20, 64 * fileBytes);
}

/** Checks the pages of one column chunk, in order: a dictionary page, if there is one, and data pages. */
export class PageCheck {
  private readonly chunk: ColumnMetaData;
  private readonly leaf: SchemaTree;
  private readonly levels: LevelWidths;
  private readonly limit: number;
  private values = 0;

  /**
   * @param path the schema from the root to the leaf
   * @param limit the most values (`mostValues`)
   */
  constructor(chunk: ColumnMetaData, path: readonly SchemaTree[], limit: number) {
    this.chunk = chunk;
    this.leaf = path.at(-1)!;
    this.limit = limit;
    this.levels = {
      repetition: bitWidth(getMaxRepetitionLevel([...path])),
      definition: bitWidth(getMaxDefinitionLevel([...path])),
    };
  }

  /** @throws Error with the page's claim and its real room */
  page(header: PageHeader, packed: Uint8Array): void {
    const { chunk, limit } = this;
    const page = header.data_page_header ?? header.data_page_header_v2;
    checkSize(header, chunk.codec);
    this.values += page?.num_values ?? 0;
    if (page && !(page.num_values >= 0 && this.values <= limit && this.values <= Number(chunk.num_values)))
      throw new Error(`pages claim ${this.values} values, the column ${chunk.num_values} of at most ${limit}`);
    if (header.dictionary_page_header) checkDictionary(header, this.leaf);
    else if (header.data_page_header) checkPage(header, packed, chunk, this.levels);
    else if (header.data_page_header_v2) checkPage2(header, packed, chunk, this.levels);
  }
}

/**
 * Checks one column chunk.
 *
 * @param bytes the chunk
 * @param path the schema from the root to the leaf
 * @param limit the most values (`mostValues`)
 * @throws Error with a page's claim and its real room
 */
export function checkPages(
  bytes: ArrayBuffer,
  chunk: ColumnMetaData,
  path: readonly SchemaTree[],
  limit: number,
): void {
  const reader = { view: new DataView(bytes), offset: 0 };
  const check = new PageCheck(chunk, path, limit);
  while (reader.offset < bytes.byteLength - 1) {
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    if (!(size >= 0 && reader.offset + size <= bytes.byteLength))
      throw new Error(`a page claims ${size} bytes, ${bytes.byteLength - reader.offset} are left`);
    check.page(header, new Uint8Array(bytes, reader.offset, size));
    reader.offset += size;
  }
}

interface LevelWidths {
  readonly repetition: number;
  readonly definition: number;
}

function checkSize({ uncompressed_page_size: size, compressed_page_size: packed }: PageHeader, codec: string): void {
  const most = Math.min(largestPage, (expansion[codec] ?? Infinity) * packed + 64);
  if (!(size >= 0 && size <= most))
    throw new Error(`a page claims to unpack from ${packed} to ${size} bytes, expected at most ${most}`);
}

function checkDictionary(
  { dictionary_page_header, uncompressed_page_size }: PageHeader,
  { element }: SchemaTree,
): void {
  const bytes = element.type_length ?? plainBytes[element.type ?? ""] ?? 1;
  const count = dictionary_page_header!.num_values;
  if (!(count >= 0 && count * bytes <= uncompressed_page_size))
    throw new Error(`a dictionary claims ${count} values in ${uncompressed_page_size} bytes`);
}

/** Both levels, each with its length before it, then the values. */
function checkPage(header: PageHeader, packed: Uint8Array, chunk: ColumnMetaData, widths: LevelWidths): void {
  const { num_values: count, encoding } = header.data_page_header!;
  const runs = usesRuns(encoding);
  if (!runs && widths.repetition === 0 && widths.definition === 0) return;
  const bytes = unpack(packed, header.uncompressed_page_size, chunk.codec);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const prefixed = (width: number): void => {
    if (width === 0) return;
    const length = view.getUint32(at, true);
    checkRuns(bytes, at + 4, at + 4 + length, width, count);
    at += 4 + length;
  };
  prefixed(widths.repetition);
  prefixed(widths.definition);
  if (!runs || at >= bytes.length) return;
  if (chunk.type === "BOOLEAN") prefixed(1);
  else checkRuns(bytes, at + 1, bytes.length, view.getUint8(at), count);
}

/** Version 2: the levels stand unpacked in front, their lengths in the header. */
function checkPage2(header: PageHeader, packed: Uint8Array, chunk: ColumnMetaData, widths: LevelWidths): void {
  const page = header.data_page_header_v2!;
  const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = page;
  const { num_values: count, num_nulls: nulls } = page;
  if (!(repetition >= 0 && definition >= 0 && repetition + definition <= packed.length && nulls >= 0 && nulls <= count))
    throw new Error(`a page of ${packed.length} bytes claims levels of ${repetition} and ${definition} bytes`);
  if (widths.repetition > 0) checkRuns(packed, 0, repetition, widths.repetition, count);
  if (widths.definition > 0) checkRuns(packed, repetition, repetition + definition, widths.definition, count);
  if (!usesRuns(page.encoding)) return;
  const rest = packed.subarray(repetition + definition);
  const size = header.uncompressed_page_size - repetition - definition;
  const bytes = page.is_compressed === false ? rest : unpack(rest, size, chunk.codec);
  if (bytes.length === 0) return;
  if (chunk.type === "BOOLEAN") checkRuns(bytes, 4, bytes.length, 1, count);
  else checkRuns(bytes, 1, bytes.length, bytes[0]!, count);
}

const usesRuns = (encoding: string) => encoding === "RLE" || encoding.endsWith("_DICTIONARY");

function unpack(packed: Uint8Array, size: number, codec: string): Uint8Array {
  if (codec === "UNCOMPRESSED") return packed;
  const decompress = compressors[codec as keyof typeof compressors];
  if (!decompress) throw new Error(`compression ${codec} is not known`);
  return decompress(packed, size);
}

/** Walks run-length and bit-packed runs: together they may hold `count` values, and each must lie in front of `end`. */
function checkRuns(bytes: Uint8Array, start: number, end: number, width: number, count: number): void {
  if (end > bytes.length) throw new Error(`runs claim ${end - start} bytes, ${bytes.length - start} are left`);
  if (width > 32) throw new Error(`runs claim values of ${width} bits`);
  let seen = 0;
  for (let at = start; seen < count && at < end; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error("a run has no length");
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const groups = Math.floor(header / 2);
    const packed = header % 2 === 1;
    const values = packed ? groups * 8 : groups;
    // A repeated run is exact. A packed run is filled up to whole groups, and some writers reserve up to 63 of them.
    if (seen + values > count + (packed ? 504 : 0))
      throw new Error(`runs claim ${seen + values} values, the page has ${count}`);
    seen += values;
    at += packed ? groups * width : Math.ceil(width / 8);
  }
}

function bitWidth(value: number): number {
  return 32 - Math.clz32(value);
}
