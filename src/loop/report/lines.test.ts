import { expect, test } from "vitest";
import { apart } from "./lines.ts";

test("names at line ends keep a line's height between them and stay in the picture", () => {
  expect(apart([50, 100], 0, 200)).toEqual([50, 100]);
  expect(apart([100, 98], 0, 200)).toEqual([114, 98]);
  expect(apart([199, 200], 0, 200)).toEqual([184, 200]);
  expect(apart([], 0, 200)).toEqual([]);
});
