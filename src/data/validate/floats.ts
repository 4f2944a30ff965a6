// Checks episodes_stats.jsonl for LeRobot's converter to v3.0. The converter reads it through pandas, with one type a
// column.
import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Info } from "../info.ts";
import { inside } from "../paths.ts";
import type { Findings } from "./problem.ts";

/**
 * Warns of a float written as `0` in one place and as `0.5` in another. Python reads the first as an integer, and the
 * converter fails with "arrays to be concatenated must be identically typed".
 */
export async function checkFloats(found: Findings, root: string, info: Info): Promise<void> {
  const file = "meta/episodes_stats.jsonl";
  const path = inside(root, file);
  if (!existsSync(path)) return;
  const mixed = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    for (const [, name, measures] of line.matchAll(
      /"([^"]+)":\s*\{((?:\s*"(?:min|max|mean|std|count|q\d\d)":[^{}]*)+)\}/g,
    )) {
      const float = info.features[name!]?.dtype.startsWith("float") ?? false;
      for (const [, measure, list] of measures!.matchAll(/"(min|max|mean|std|q\d\d)":\s*(\[[^"]*\])/g))
        if ((float || measure === "mean" || measure === "std") && /[[,]\s*-?\d+\s*[\],]/.test(list!)) mixed.add(name!);
    }
  }
  if (mixed.size > 0)
    found.warn(
      file,
      `floats are written as integers (0 for 0.0) in ${[...mixed].join(", ")}; LeRobot's converter to v3.0 fails on them, \`pistar dataset convert\` reads them`,
    );
}
