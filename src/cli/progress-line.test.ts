import { expect, test } from "vitest";
import { progressLine } from "./progress-line.ts";

const progress = {
  label: "1:02:03  cube-in-bowl/1/evaluate-recap",
  done: 63,
  total: 100,
  perSecond: 0.1234,
  note: "loss 0.0178",
};
const space = "\u00a0";

test("whole phrases are left out where there is no room; no number is cut", () => {
  expect(progressLine(progress, 120)).toMatch(
    new RegExp(
      `^1:02:03 {2}cube-in-bowl/1/evaluate-recap {2}█+░+ {2}63/100 {2}0.123/s {2}5${space}min${space}00${space}s left {2}loss 0.0178$`,
    ),
  );
  expect(progressLine(progress, 90)).toMatch(/63\/100 {2}5.min.00.s left {2}loss 0.0178$/);
  expect(progressLine(progress, 80)).toMatch(/░ {2}63\/100 {2}5.min.00.s left$/);
  expect(progressLine(progress, 60)).toMatch(/░ {2}63\/100$/);
  expect(progressLine(progress, 40)).toBe("1:02:03  cube-in-bowl/1/evaluat…  63/100");
  for (let width = 20; width <= 130; width++) expect(progressLine(progress, width).length).toBeLessThanOrEqual(width);
});

test("before anything is known there is neither a rate nor a time left", () => {
  expect(progressLine({ label: "training", done: 0, total: 10, perSecond: 0, note: "" }, 40)).toMatch(
    /^training {2}░+ {2}0\/10$/,
  );
});
