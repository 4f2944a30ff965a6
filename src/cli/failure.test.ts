import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PistarError } from "../system/index.ts";
import { exitCodes, failureOf } from "./failure.ts";

test("an error is printed by its code, never by its text", () => {
  const full = Object.assign(new Error("write failed"), { code: "ENOSPC" });
  expect(failureOf(full)).toEqual({ message: expect.stringContaining("Make room"), exitCode: 10 });
  expect(failureOf(new Error("the text says ENOSPC"))).toEqual({ message: "the text says ENOSPC", exitCode: 1 });
  expect(failureOf(new PistarError("busy-lock", "another writer"))).toEqual({ message: "another writer", exitCode: 9 });
});

test("docs/errors.md has the exit code of every error code", () => {
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| +(\d+) \|/gm)].map(([, code, exit]) => [code, Number(exit)]);
  expect(Object.fromEntries(rows)).toEqual(exitCodes);
});

test("no two error codes share an exit code, and none takes those of success and of other errors", () => {
  const codes = Object.values(exitCodes);
  expect(new Set(codes).size).toBe(codes.length);
  expect(Math.min(...codes)).toBe(2);
});
