import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { anyNumber } from "../../system/index.ts";
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
  const schema = z.object({ found: anyNumber });
  writeResult(openRunFolder(path, config, false), { found: Number.NaN });
  expect(readResult(openRunFolder(path, config, true), schema)).toBeUndefined();
  await openRunFolder(path, config, true).save(1, true, fill);
  expect(readResult(openRunFolder(path, config, true), schema)).toEqual({ found: Number.NaN });
  writeFileSync(join(path, "result.json"), '{ "found": null }');
  expect(() => readResult(openRunFolder(path, config, true), schema)).toThrow("result.json: found: expected a number");
});

test("a run of another format cannot be resumed, and says so", async () => {
  await openRunFolder(path, config, false).save(1, true, fill);
  const file = join(path, "config.json");
  const { format_version, ...before } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  expect(format_version).toBe(2);
  const resumed = (written: object) => {
    writeFileSync(file, JSON.stringify(written));
    return () => openRunFolder(path, config, true);
  };
  const cannot = { code: "cannot-resume", path };
  expect(resumed(before)).toThrow(expect.objectContaining(cannot));
  expect(resumed(before)).toThrow("an earlier pistar began it (format_version absent in config.json, expected 2)");
  expect(resumed({ ...before, format_version: 3 })).toThrow("a newer pistar began it");
  expect(resumed([])).toThrow(expect.objectContaining({ code: "damaged-file", path: file }));
  expect(resumed({ ...before, format_version }).call(undefined).last).toBeDefined();
});
