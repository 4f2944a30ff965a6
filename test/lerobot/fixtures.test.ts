// Datasets that LeRobot's own code wrote, read cell by cell and pixel by pixel. The golden numbers are what LeRobot's
// reader finds (generate.py).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { convertDataset, exportVersion21, openDataset, validateDataset } from "../../src/data/index.ts";
import { contents, type EpisodeContents } from "./contents.ts";

const golden = join(import.meta.dirname, "../golden/lerobot");
const folder = mkdtempSync(join(tmpdir(), "pistar-lerobot-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** LeRobot computes depth in 32-bit floats. */
const depthTolerance = 2e-6;

async function compare(root: string, expected: readonly EpisodeContents[]): Promise<void> {
  expect((await validateDataset(root)).filter(({ severity }) => severity === "error")).toEqual([]);
  const dataset = await openDataset(root);
  const found = await contents(dataset);
  await dataset.close();
  const exact = (episodes: readonly EpisodeContents[]) => episodes.map(({ depth, ...rest }) => rest);
  expect(exact(found)).toEqual(exact(expected));
  for (const [episode, { depth }] of expected.entries())
    for (const [camera, maps] of Object.entries(depth)) {
      const own = found[episode]!.depth[camera]!.flat();
      const far = maps.flat().findIndex((metres, at) => !(Math.abs(own[at]! - metres) < depthTolerance));
      expect(far, `episode ${episode}, ${camera}: the first pixel that differs`).toBe(-1);
      expect(found[episode]!.depth[camera]!.map(({ length }) => length)).toEqual(maps.map(({ length }) => length));
    }
}

for (const { name } of readdirSync(golden, { withFileTypes: true }).filter((one) => one.isDirectory())) {
  const expected = JSON.parse(readFileSync(join(golden, `${name}.json`), "utf8")) as EpisodeContents[];

  test(`${name}: read, converted, and exported to v2.1`, async () => {
    const root = join(golden, name);
    await compare(root, expected);
    const [converted, older] = [join(folder, `${name}-v30`), join(folder, `${name}-v21`)];
    const dataset = await openDataset(root);
    await convertDataset(dataset, converted);
    await exportVersion21(dataset, older);
    await dataset.close();
    await compare(converted, expected);
    await compare(older, expected);
  });
}
