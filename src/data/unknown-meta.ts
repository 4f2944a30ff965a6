// Unknown content of meta/ and info.json. It survives every copy.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Info } from "./info.ts";
import { inside } from "./paths.ts";

/** Files written anew by a copy. */
const known =
  /^(info\.json|stats\.json|tasks\.(parquet|jsonl)|episodes\.jsonl|episodes_stats\.jsonl|episodes\/.*|(returns|advantages)_[\w.-]+\.parquet)$/;

/** Copies unknown files of meta/, byte for byte. A file already in the target stays. */
export function copyUnknownMeta(from: string, to: string): void {
  const folder = join(from, "meta");
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const name = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (known.test(name.replaceAll("\\", "/")) || name.endsWith(".tmp")) continue;
    const path = inside(from, join("meta", name));
    const target = join(to, "meta", name);
    if (!existsSync(path) || existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  }
}

const written: ReadonlySet<string> = new Set([
  "codebase_version",
  "robot_type",
  "fps",
  "total_episodes",
  "total_frames",
  "total_tasks",
  "total_videos",
  "total_chunks",
  "chunks_size",
  "data_files_size_in_mb",
  "video_files_size_in_mb",
  "splits",
  "data_path",
  "video_path",
  "features",
]);

/** The unknown keys of info.json. */
export function unknownInfo(info: Info): Record<string, unknown> {
  return Object.fromEntries(Object.entries(info).filter(([name]) => !written.has(name)));
}
