import { expect, test } from "vitest";
import { jumpAt, summarise } from "./jumps.ts";

test("a jump is in degrees, of the joint that jumps furthest, the gripper aside", () => {
  // 10 units of 200 are a twentieth of the shoulder's 3.83972 rad: 11 degrees; 5 of the wrist's roll, 5.4877 rad, are 7.86.
  const before = Float32Array.of(0, 0, 0, 0, 10, 0);
  expect(jumpAt({ before, after: Float32Array.of(-10, 0, 0, 0, 15, 90) })).toBeCloseTo(11, 4);
  expect(jumpAt({ before, after: Float32Array.of(0, 0, 0, 0, 15, 90) })).toBeCloseTo(7.8606, 3);
  expect(jumpAt({ before, after: before })).toBe(0);
});

test("their mean and the largest; nothing of no border", () => {
  expect(summarise([1, 5, 3])).toEqual({ borders: 3, mean: 3, max: 5 });
  expect(summarise([])).toBeUndefined();
});
