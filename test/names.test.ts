// One name, one thing: no two folders export the same name.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../src");

/** The names that an index.ts exports from its own folder. What it hands on from another folder's index is that folder's. */
function publicNames(source: string): string[] {
  const lists = source.matchAll(/export (?:type )?\{([^}]*)\} from "\.\/[^"]+"/g);
  const listed = [...lists].flatMap(([, list]) => list!.split(",").map((name) => name.replace(/\btype\b/, "").trim()));
  const spaces = [...source.matchAll(/export \* as (\w+) from/g)].map(([, name]) => name!);
  return [...listed, ...spaces].flatMap((name) => (name === "" ? [] : [name.split(" as ").at(-1)!]));
}

/** A line for each name that two folders export. @param indexes source by folder */
function duplicates(indexes: ReadonlyMap<string, string>): string[] {
  const folders = new Map<string, string[]>();
  for (const [folder, source] of indexes)
    for (const name of publicNames(source)) folders.set(name, [...(folders.get(name) ?? []), folder]);
  return [...folders].flatMap(([name, of]) => (of.length > 1 ? [`${name}: ${of.join(", ")}`] : []));
}

test("no two folders export the same name", () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const indexes = new Map(
    folders.flatMap(({ name }): [string, string][] => {
      if (name === "cli") return [];
      return [[name, readFileSync(join(root, name, "index.ts"), "utf8")]];
    }),
  );
  expect([...indexes.values()].flatMap(publicNames).length).toBeGreaterThan(300);
  expect(duplicates(indexes)).toEqual([]);
});

test("a name that is there twice is found, handed on it is not", () => {
  const twice = new Map([
    ["a", 'export { type Policy, open as openPolicy } from "./policy.ts";\nexport * as nn from "./nn.ts";'],
    ["b", 'export type { Policy } from "./other.ts";\nexport { openPolicy } from "../a/index.ts";'],
    ["c", 'export {\n  nn,\n  type Other,\n} from "./nn.ts";'],
  ]);
  expect(duplicates(twice)).toEqual(["Policy: a, b", "nn: a, c"]);
});
