import { expect, test } from "vitest";
import * as z from "zod";
import { checked } from "./check.ts";
import { PistarError } from "./error.ts";

const schema = z.strictObject({
  name: z.string().min(1),
  horizon: z.int().min(1),
  rate: z.number().gt(0).lt(1),
  state: z.enum(["text", "token"]),
  shape: z.array(z.int()).min(2),
  vision: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b") })]),
  note: z.string().nullable(),
});
const right = { name: "x", horizon: 4, rate: 0.5, state: "text", shape: [1, 2], vision: { kind: "a" }, note: null };

test.each([
  [{ name: "" }, 'name: expected text that is not empty, got ""'],
  [{ horizon: "16" }, 'horizon: expected a number, got "16"'],
  [{ horizon: 1.5 }, "horizon: expected a whole number, got 1.5"],
  [{ horizon: 0 }, "horizon: expected a number from 1 up, got 0"],
  [{ rate: 0 }, "rate: expected a number above 0, got 0"],
  [{ rate: 1 }, "rate: expected a number below 1, got 1"],
  [{ rate: undefined }, "rate: expected a number, got nothing"],
  [{ state: "tokn" }, 'state: expected "text" or "token", got "tokn"'],
  [{ shape: [1, "2"] }, 'shape[1]: expected a number, got "2"'],
  [{ shape: [1] }, "shape: expected at least 2 entries, got [1]"],
  [{ vision: { kind: "c" } }, 'vision.kind: expected "a" or "b", got "c"'],
  [{ vision: {} }, 'vision.kind: expected "a" or "b", got nothing'],
  [{ vision: 3 }, "vision: expected an object, got 3"],
  [{ note: 3 }, "note: expected text, got 3"],
  [{ other: [] }, "other: expected no such field, got []"],
])("%j is told by field, expected and got", (wrong, message) => {
  expect(checked(schema, right, "file")).toEqual(right);
  expect(() => checked(schema, { ...right, ...wrong }, "file")).toThrow(`file: ${message}`);
});

test("all faults are told at once, by a PistarError that names the file", () => {
  const error = (() => {
    try {
      checked(schema, { ...right, horizon: "16", state: "tokn" }, "/a/config.json");
    } catch (found) {
      return found;
    }
  })();
  expect(error).toBeInstanceOf(PistarError);
  expect(error).toMatchObject({ code: "damaged-file", path: "/a/config.json" });
  expect((error as Error).message.split("\n")).toEqual([
    "/a/config.json:",
    '  horizon: expected a number, got "16"',
    '  state: expected "text" or "token", got "tokn"',
  ]);
});
