import { expect, test } from "vitest";
import { overfitting } from "./losses.ts";

const points = (...heldOut: number[]) => heldOut.map((loss, i) => ({ step: 100 * (i + 1), train: 1, heldOut: loss }));

test("a held-out loss that rises by more than a twentieth is told, with the step before it rose", () => {
  expect(overfitting(points(2, 1, 1.2), false)).toMatch(/best at step 200 and rises.*The last weights are used/);
  expect(overfitting(points(2, 1, 1.2), true)).toMatch(/The checkpoint of that step is used/);
  expect(overfitting(points(2, 1, 1.04), true)).toBeNull();
  expect(overfitting([{ step: 1, train: 2 }], true)).toBeNull();
});
