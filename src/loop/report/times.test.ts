import { expect, test } from "vitest";
import { median } from "./times.ts";

test("the median is the middle, or the mean of both middles", () => {
  expect(median([9, 4, 5])).toBe(5);
  expect(median([4, 9, 5, 6])).toBe(5.5);
  expect(median([])).toBeNaN();
});
