import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { anyNumber, parseJson, readJson, readJsonAs, readJsonLines, toJson } from "./json.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-json-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "file.json");
  writeFileSync(path, text, "latin1");
  return path;
}

test("numbers that are not finite come back, and text that looks like one stays text", () => {
  const value = { low: Number.NEGATIVE_INFINITY, all: [1, Number.NaN, Number.POSITIVE_INFINITY], task: "NaN" };
  const path = file(toJson(value));
  const schema = z.object({ low: anyNumber, all: z.array(anyNumber), task: z.string() });
  expect(readJsonAs(schema, path)).toEqual(value);
  expect(JSON.parse(toJson(value))).toEqual({ low: "-Infinity", all: [1, "NaN", "Infinity"], task: "NaN" });
  file('{ "low": null, "all": [], "task": "x" }');
  expect(() => readJsonAs(schema, path)).toThrow(
    `${path}: low: expected a number, "NaN", "Infinity" or "-Infinity", got null`,
  );
});

test("a file that is missing or no JSON is named, with a code", () => {
  const missing = join(folder, "missing.json");
  expect(() => readJson(missing)).toThrow(expect.objectContaining({ code: "missing-file", path: missing }));
  const path = file("{ half");
  expect(() => readJson(path)).toThrow(expect.objectContaining({ code: "damaged-file", path }));
});

test("Python's NaN and Infinity are numbers, inside texts they are letters", () => {
  expect(parseJson('{"a": NaN, "b": [-Infinity, Infinity, 1], "NaN": "NaN, \\" Infinity"}')).toEqual({
    a: Number.NaN,
    b: [-Infinity, Infinity, 1],
    NaN: 'NaN, " Infinity',
  });
  expect(() => parseJson("{NaN}")).toThrow();
});

test("a file that is something else is named for what it is", () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  expect(() => readJson(file(pointer))).toThrow("expected JSON, got a git-LFS pointer; run `git lfs pull`");
  expect(() => readJsonLines(file(pointer))).toThrow("git lfs pull");
  expect(() => readJson(file("<!DOCTYPE html><html>"))).toThrow("got a web page");
  expect(() => readJson(file(""))).toThrow("got an empty file");
  expect(() => readJson(file("PK\x03\x04"))).toThrow("got a zip archive");
});
