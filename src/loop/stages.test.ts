import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { anyNumber } from "../system/index.ts";
import { type StageState, Stages } from "./stages.ts";

const folder = () => mkdtempSync(join(tmpdir(), "pistar-stages-"));

test("a stage runs once; a later process gets its result", async () => {
  const run = folder();
  const seen: [string, StageState][] = [];
  const note = (name: string, state: StageState) => seen.push([name, state]);
  let calls = 0;
  const schema = z.object({ calls: z.int() });
  const work = async () => ({ calls: ++calls });
  expect(await new Stages(run, note).run("cube/1/value", schema, work)).toEqual({ calls: 1 });
  const again = new Stages(run, note);
  expect(await again.run("cube/1/value", schema, work)).toEqual({ calls: 1 });
  expect(seen).toEqual([
    ["cube/1/value", "begins"],
    ["cube/1/value", "ends"],
    ["cube/1/value", "done before"],
  ]);
  expect(again.all.map(({ name }) => name)).toEqual(["cube/1/value"]);
});

test("a stage that fails is not taken for done", async () => {
  const run = folder();
  const fails = () => Promise.reject(new Error("out of memory"));
  await expect(new Stages(run, () => {}).run("value", z.number(), fails)).rejects.toThrow("out of memory");
  expect(await new Stages(run, () => {}).run("value", z.number(), async () => 1)).toBe(1);
});

test("numbers that are not finite are kept; a result that is damaged is told by file and field", async () => {
  const run = folder();
  const schema = z.object({ low: anyNumber, ratio: z.object({ high: anyNumber }).nullable() });
  const result = { low: Number.NaN, ratio: { high: Number.POSITIVE_INFINITY } };
  const stage = () => new Stages(run, () => {}).run("evaluate", schema, async () => result);
  expect(await stage()).toEqual(result);
  expect(await stage()).toEqual(result);
  const file = join(run, "stages/evaluate.json");
  writeFileSync(file, '{ "seconds": 1, "result": { "low": null, "ratio": null } }');
  await expect(stage()).rejects.toMatchObject({
    code: "damaged-file",
    path: file,
    message: expect.stringContaining("result.low: expected a number"),
  });
});
