import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunFolder, readResult, writeResult } from "./run-folder.ts";

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "pistar-run-")), "run");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true }));

const config = { stage: "policy", options: { seed: 0, steps: 4 } };
const fill = async (folder: string) => writeFileSync(join(folder, "weights"), "w");
const listed = () => readdirSync(join(path, "checkpoints")).sort();

test("the last and the best checkpoint are kept, under names that appear when they are whole", async () => {
  const run = openRunFolder(path, config, false);
  await run.save(1, true, fill);
  await run.save(2, false, fill);
  await run.save(3, false, async (folder) => {
    expect(listed()).toContain(".000003.tmp");
    expect(existsSync(join(path, "checkpoints/000003"))).toBe(false);
    await fill(folder);
  });
  expect(listed()).toEqual(["000001", "000003", "best", "last"]);
  expect(readFileSync(join(path, "checkpoints/best"), "utf8")).toBe("000001");
  const killed = run.save(4, true, async () => {
    throw new Error("disk full");
  });
  await expect(killed).rejects.toThrow("disk full");
  expect(openRunFolder(path, config, true).last).toBe(join(path, "checkpoints/000003"));
});

test("a run with a checkpoint is resumed with the same settings or not at all", async () => {
  const run = openRunFolder(path, config, false);
  expect(run.last).toBeUndefined();
  // Without a checkpoint there is nothing to lose: other settings are fine.
  openRunFolder(path, { ...config, options: { seed: 1, steps: 4 } }, false);
  expect(JSON.parse(readFileSync(join(path, "config.json"), "utf8"))).toMatchObject({ options: { seed: 1 } });
  await openRunFolder(path, config, false).save(2, true, fill);
  expect(() => openRunFolder(path, config, false)).toThrow("resume it (--resume)");
  expect(() => openRunFolder(path, { ...config, options: { seed: 0, steps: 9 } }, true)).toThrow(
    "the same options, steps 4, got 9; other settings need a new run",
  );
  expect(openRunFolder(path, { ...config, options: { ...config.options, from: undefined } }, true).last).toBeDefined();
});

test("a result belongs to a run that has checkpoints", async () => {
  writeResult(openRunFolder(path, config, false), { found: 1 });
  expect(readResult(openRunFolder(path, config, true))).toBeUndefined();
  await openRunFolder(path, config, true).save(1, true, fill);
  expect(readResult(openRunFolder(path, config, true))).toEqual({ found: 1 });
});
