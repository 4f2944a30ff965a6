import { expect, test } from "vitest";
import { faults } from "./episodes.ts";

test("what went wrong in an evaluation is told, and nothing where nothing did", () => {
  const begun = { task: "cube-in-bowl", difficulty: 0, randomise: false };
  const fine = { ...begun, seed: 0, success: true, seconds: 5, troubles: [] };
  expect(faults({ runs: [fine], lost: [] })).toEqual([]);
  const late = { ...fine, troubles: ["late at period 16: no answer", "late at period 24: no answer"] };
  const lost = { ...begun, seed: 3, lost: "The worker ended (exit code 7)" };
  expect(faults({ runs: [fine, late], lost: [lost] })).toEqual([
    "1 of 3 episodes could not be run to their end and count nowhere, first: The worker ended (exit code 7)",
    "in 1 of 3 episodes the policy did not act as it should, first: late at period 16: no answer",
  ]);
});
