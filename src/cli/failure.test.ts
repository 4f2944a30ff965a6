import { expect, test } from "vitest";
import { PistarError } from "../system/index.ts";
import { exitCodes, failureOf } from "./failure.ts";

test("an error is printed by its code, never by its text", () => {
  const full = Object.assign(new Error("write failed"), { code: "ENOSPC" });
  expect(failureOf(full)).toEqual({ message: expect.stringContaining("Make room"), exitCode: 10 });
  expect(failureOf(new Error("the text says ENOSPC"))).toEqual({ message: "the text says ENOSPC", exitCode: 1 });
  expect(failureOf(new PistarError("busy-lock", "another writer"))).toEqual({ message: "another writer", exitCode: 9 });
});

test("no two error codes share an exit code, and none takes those of success and of other errors", () => {
  const codes = Object.values(exitCodes);
  expect(new Set(codes).size).toBe(codes.length);
  expect(Math.min(...codes)).toBe(2);
});
