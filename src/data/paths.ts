// Paths named by a dataset's own files are kept inside the dataset. Opening or copying a stranger's dataset touches
// nothing else on the machine.

import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { PistarError } from "../system/index.ts";

/**
 * The path of `file` below `root`.
 *
 * A link may lead elsewhere inside the dataset. In a Hugging Face cache (<repository>/snapshots/<revision>) it may also
 * lead to the repository's own `blobs` folder, the place of the bytes.
 *
 * @throws Error if the path is absolute, climbs out with "..", or is a link to the outside
 */
export function inside(root: string, file: string): string {
  const path = join(root, file);
  if (isAbsolute(file) || /^[a-z]:/i.test(file) || file.split(/[/\\]/).includes(".."))
    throw new PistarError("wrong-layout", `${root}: expected a path inside the dataset, got ${JSON.stringify(file)}`, {
      path: root,
    });
  const real = realpathOf(path);
  const home = realpathOf(root);
  const blobs = basename(dirname(home)) === "snapshots" ? join(dirname(dirname(home)), "blobs") : home;
  if (!isBelow(home, real) && !isBelow(blobs, real))
    throw new PistarError("wrong-layout", `${path}: expected a path inside the dataset, got a link to ${real}`, {
      path,
    });
  return path;
}

/** A path's target after following links; for a new path, by the nearest existing folder above. */
function realpathOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  return folder === path ? path : join(realpathOf(folder), basename(path));
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}
