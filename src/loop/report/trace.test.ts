import { expect, test } from "vitest";
import { spans } from "./trace.ts";

test("spans of true", () => {
  expect(spans([true, true, false, true])).toEqual([
    [0, 2],
    [3, 4],
  ]);
  expect(spans([false])).toEqual([]);
});
