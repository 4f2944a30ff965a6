// Recognises failed downloads: a git-LFS pointer, a web page, an archive or an empty file in place of the right file.
import { closeSync, openSync, readSync } from "node:fs";

const signatures: readonly (readonly [RegExp, string])[] = [
  [/^$/, "an empty file; fetch it again"],
  [/^version https:\/\/git-lfs\.github\.com\/spec/, "a git-LFS pointer; run `git lfs pull` in its repository"],
  [/^\s*<(!doctype html|html|\?xml)/i, "a web page; fetch the file itself, logged in where it needs a login"],
  [/^PK\p{Cc}{2}/u, "a zip archive; unpack it first"],
  [/^\p{Cc}\u008b/u, "a gzip archive; unpack it first"],
];

/** The kind of file by its first bytes, with a remedy; undefined for all other files. */
export function foreignFile(path: string): string | undefined {
  const head = Buffer.alloc(256);
  let length: number;
  try {
    const handle = openSync(path, "r");
    try {
      length = readSync(handle, head, 0, head.length, 0);
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
  const text = head.subarray(0, length).toString("latin1");
  return signatures.find(([pattern]) => pattern.test(text))?.[1];
}
