import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layouts } from "./layout.ts";
import { parseLayout, readLayout } from "./layout-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pistar-layout-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.entries(layouts))("%s has a name, and is what its JSON says", (name, layout) => {
  expect(readLayout(name)).toBe(layout);
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(layout));
  expect(readLayout(file)).toEqual(layout);
});

test("in JSON a name alone is a key, and what is usual need not be said", () => {
  const json = {
    images: { front: "observation/image", wrist: ["images", "wrist"] },
    state: [{ key: "observation/state", size: 8 }],
    actions: 7,
  };
  expect(parseLayout(json, "it")).toEqual({
    images: { front: ["observation/image"], wrist: ["images", "wrist"] },
    imageOrder: "HWC",
    state: [{ key: ["observation/state"], size: 8 }],
    prompt: ["prompt"],
    actions: 7,
  });
});

test.each<[string, object, string]>([
  [
    "a key of no names",
    { images: { front: [] } },
    'images.front: expected a name, or names of dicts in dicts: ["images", "top"], got []',
  ],
  ["a state without a size", { state: [{ key: "state" }] }, "state[0].size: expected a number, got nothing"],
  ["another order", { imageOrder: "HCW" }, 'imageOrder: expected "HWC" or "CHW", got "HCW"'],
  ["a misspelt entry", { promt: "prompt" }, 'promt: expected no such field, got "prompt"'],
  ["no actions", { actions: undefined }, "actions: expected a number, got nothing"],
])("%s is named", (_, change, message) => {
  const wrong = () => parseLayout({ ...layouts.so101, ...change }, "robot.json, the layout");
  expect(wrong).toThrow(`robot.json, the layout: ${message}`);
});
