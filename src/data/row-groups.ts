// Columns of a file's row groups. Many writers put all episodes of a file into one group. Read one after the other, they
// pass page by page (`parquet-cursor.ts`). Read in another order, a group's column is decoded once and kept;
// `decodedGroups` bounds the kept bytes over all open files.
import { type AsyncBuffer, type FileMetaData, type ParquetScan, parquetScan, type SchemaTree } from "hyparquet";
import { getTreePath } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";
import { onlyLeaf, PageCursor, slice } from "./parquet-cursor.ts";
import { checkPages, mostValues } from "./parquet-pages.ts";

/** Kept row groups of decoded columns, by their bytes. The least recently used goes first. */
const decodedGroups = new Map<object, { readonly bytes: number; readonly drop: () => void }>();
const decodedLimit = 2 ** 28;

function keepDecoded(owner: object, bytes: number, drop: () => void): void {
  decodedGroups.delete(owner);
  decodedGroups.set(owner, { bytes, drop });
  let total = [...decodedGroups.values()].reduce((sum, group) => sum + group.bytes, 0);
  for (const [other, group] of decodedGroups) {
    if (total <= decodedLimit || other === owner) break;
    decodedGroups.delete(other);
    group.drop();
    total -= group.bytes;
  }
}

interface GroupRows {
  readonly index: number;
  /** Its first row, and the one after its last. */
  readonly first: number;
  readonly last: number;
}

/** Decodes columns of row groups, and keeps what it decoded of the group read last. */
export class GroupReader {
  private readonly buffer: AsyncBuffer;
  private readonly metadata: FileMetaData;
  private readonly schema: SchemaTree;
  private readonly rows: readonly GroupRows[];
  private kept: { readonly index: number; readonly scan: Promise<ParquetScan> } | undefined;
  /** Cursors of the columns of one group; undefined for a column that is read as a whole. */
  private cursors: { readonly index: number; readonly of: Map<string, PageCursor | undefined> } | undefined;

  constructor(buffer: AsyncBuffer, metadata: FileMetaData, schema: SchemaTree) {
    this.buffer = buffer;
    this.metadata = metadata;
    this.schema = schema;
    let first = 0;
    this.rows = metadata.row_groups.map(({ num_rows }, index) => {
      const group = { index, first, last: first + Number(num_rows) };
      first = group.last;
      return group;
    });
  }

  /** The groups with rows `start` to `end`. */
  overlapping(start: number, end: number): GroupRows[] {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle]!.last <= start) low = middle + 1;
      else high = middle;
    }
    const found: GroupRows[] = [];
    for (let at = low; at < this.rows.length && this.rows[at]!.first < end; at++) {
      const group = this.rows[at]!;
      if (group.first < group.last && start < end) found.push(group);
    }
    return found;
  }

  /** Values of a column in one group, from row `start` to `end` of it. */
  async read(index: number, column: string, start: number, end: number): Promise<ArrayLike<unknown>> {
    if (this.cursors?.index !== index) this.cursors = { index, of: new Map() };
    const { of } = this.cursors;
    if (!of.has(column)) of.set(column, this.cursor(index, column));
    const found = await of.get(column)?.rows(start, end);
    if (found) return found;
    of.set(column, undefined);
    return slice(await this.column(index, column), start, end);
  }

  private cursor(index: number, column: string): PageCursor | undefined {
    const chunk = this.metadata.row_groups[index]!.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema[0] === column,
    )?.meta_data;
    const path = onlyLeaf(this.schema, column);
    return chunk && path && new PageCursor(this.buffer, chunk, path, mostValues(this.buffer.byteLength));
  }

  /** All values of a column in one group. */
  private async column(index: number, column: string): Promise<ArrayLike<unknown>> {
    const group = this.metadata.row_groups[index]!;
    if (this.kept?.index !== index) {
      const metadata = { ...this.metadata, row_groups: [group], num_rows: group.num_rows };
      const options = { file: this.buffer, metadata, compressors, utf8: false, geoparquet: false };
      this.kept = { index, scan: parquetScan(options) };
    }
    const { scan } = this.kept;
    keepDecoded(this, Number(group.total_byte_size), () => this.drop());
    await this.check(index, column);
    return (await scan).readColumn({ column, rowStart: 0, rowEnd: Number(group.num_rows) });
  }

  private readonly checked = new Set<string>();

  private async check(index: number, column: string): Promise<void> {
    const key = `${index} ${column}`;
    if (this.checked.has(key)) return;
    for (const { meta_data: chunk } of this.metadata.row_groups[index]!.columns) {
      if (chunk?.path_in_schema[0] !== column) continue;
      const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
      const bytes = await this.buffer.slice(start, start + Number(chunk.total_compressed_size));
      const path = getTreePath(this.schema, chunk.path_in_schema);
      checkPages(bytes as ArrayBuffer, chunk, path, mostValues(this.buffer.byteLength));
    }
    this.checked.add(key);
  }

  drop(): void {
    this.kept = undefined;
    this.cursors = undefined;
    decodedGroups.delete(this);
  }
}
