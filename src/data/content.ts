// A record of files' contents, to tell later whether they changed. A file of the recorded size and time of change
// counts as unchanged. Otherwise its bytes decide, so touching or copying a dataset changes nothing.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

interface FileContent {
  readonly size: number;
  /** Nanoseconds, as text: it does not fit a number. */
  readonly modified: string;
  readonly sha256: string;
}

/** Contents by path below a root. */
export type Contents = Readonly<Record<string, FileContent>>;

/** The contents of `files` below `root`. Bytes are read only if `known` does not tell. */
export async function contentsOf(root: string, files: readonly string[], known: Contents = {}): Promise<Contents> {
  const found: Record<string, FileContent> = {};
  for (const file of files) {
    const { size, mtimeNs } = await stat(join(root, file), { bigint: true });
    const before = known[file];
    found[file] =
      before && before.size === Number(size) && before.modified === String(mtimeNs)
        ? before
        : { size: Number(size), modified: String(mtimeNs), sha256: await digest(join(root, file)) };
  }
  return found;
}

/** Whether every file of `before` is in `after` with the same bytes; `after` may hold more. */
export function unchanged(before: Contents, after: Contents): boolean {
  return Object.entries(before).every(([file, { sha256 }]) => after[file]?.sha256 === sha256);
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}
