import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type StageState, Stages } from "./stages.ts";

const folder = () => mkdtempSync(join(tmpdir(), "pistar-stages-"));

test("a stage runs once; a later process gets its result", async () => {
  const run = folder();
  const seen: [string, StageState][] = [];
  const note = (name: string, state: StageState) => seen.push([name, state]);
  let calls = 0;
  const work = async () => ({ calls: ++calls });
  expect(await new Stages(run, note).run("cube/1/value", work)).toEqual({ calls: 1 });
  const again = new Stages(run, note);
  expect(await again.run("cube/1/value", work)).toEqual({ calls: 1 });
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
  await expect(new Stages(run, () => {}).run("value", fails)).rejects.toThrow("out of memory");
  expect(await new Stages(run, () => {}).run("value", async () => 1)).toBe(1);
});
