import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

/** Folders of src/ from the bottom up: a file imports from its own folder or from folders to the left of it. */
const order = [
  "system",
  "tensor",
  "recap",
  "data",
  "model",
  "robot",
  "serve",
  "sim",
  "policy",
  "train",
  "grounding",
  "rollout",
  "audit",
  "loop",
  "studio",
  "cli",
];

const root = resolve(import.meta.dirname, "../src");

function importsOf(source: string): string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g;
  return [...source.matchAll(pattern)].map((match) => match[1]!);
}

/** A sentence for each import in `files` (path below src → source) that goes against the order. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [file, source] of files) {
    const folder = file.split(sep)[0]!;
    if (file === "index.ts") continue;
    if (!order.includes(folder)) {
      found.push(`src/${file}: folder "${folder}" is not in the order (test/architecture.test.ts)`);
      continue;
    }
    for (const specifier of importsOf(source)) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      const targetFolder = target.split(sep)[0]!;
      if (!order.includes(targetFolder) || order.indexOf(targetFolder) > order.indexOf(folder))
        found.push(`src/${file} imports ${specifier}: "${folder}" may not depend on "${targetFolder}"`);
      else if (targetFolder !== folder && !file.endsWith(".test.ts") && target !== join(targetFolder, "index.ts"))
        found.push(`src/${file} imports ${specifier}: another folder is imported through its index.ts`);
    }
  }
  return found;
}

test("every folder imports only from folders below it, through their index", () => {
  const files = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(root, path), readFileSync(path, "utf8"));
  }
  expect(files.size).toBeGreaterThan(1);
  expect(violations(files)).toEqual([]);
});

test("an import against the order is found", () => {
  const wrong = new Map([
    [join("tensor", "a.ts"), 'import { train } from "../train/index.ts";'],
    [join("model", "b.ts"), 'const x = await import("../loop/x.ts"); import "../tensor/index.ts";'],
    [join("elsewhere", "c.ts"), ""],
    [join("train", "d.ts"), 'import { lock } from "../system/lock.ts";'],
  ]);
  expect(violations(wrong)).toHaveLength(4);
});
