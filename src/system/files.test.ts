import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseJson, readJson, readJsonLines } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "file.json");
  writeFileSync(path, text, "latin1");
  return path;
}

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
