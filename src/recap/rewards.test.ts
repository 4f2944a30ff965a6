import { expect, test } from "vitest";
import { returns } from "./returns.ts";
import { rewards } from "./rewards.ts";

test("a success costs its steps, a failure C_fail more at its last", () => {
  expect([...rewards(4, true, 10)]).toEqual([-1, -1, -1, 0]);
  expect([...rewards(4, false, 10)]).toEqual([-1, -1, -1, -10]);
  expect([...rewards(1, true, 10)]).toEqual([0]);
  expect([...rewards(1, false, 10)]).toEqual([-10]);
});

test("returns are minus the steps left, less C_fail for a failure", () => {
  expect([...returns(rewards(4, true, 10))]).toEqual([-3, -2, -1, 0]);
  expect([...returns(rewards(4, false, 10))]).toEqual([-13, -12, -11, -10]);
  expect([...returns(Float32Array.of(0.5, -2, 1))]).toEqual([-0.5, -1, 1]);
});

test("an episode without steps and a negative cost are refused", () => {
  expect(() => rewards(0, true, 1)).toThrow("at least 1 step, got 0");
  expect(() => rewards(3, false, -1)).toThrow("got -1");
  expect(() => rewards(3, false, Number.NaN)).toThrow("got NaN");
});
