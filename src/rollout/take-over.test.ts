import fc from "fast-check";
import { expect, test } from "vitest";
import type { Control, Decision } from "../robot/index.ts";
import { controlAfter } from "./take-over.ts";

const decisions: readonly Decision[] = ["continue", "pause", "correct", "hand back"];

test("every decision in every state", () => {
  const table = (["autonomous", "paused", "correcting"] as const).map((control) =>
    decisions.map((decision) => controlAfter(control, decision)),
  );
  expect(table).toEqual([
    ["autonomous", "paused", "autonomous", "autonomous"],
    ["paused", "paused", "correcting", "autonomous"],
    ["correcting", "paused", "correcting", "autonomous"],
  ]);
});

test("however keys are pressed, nobody corrects who has not paused the policy first", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...decisions)), (pressed) => {
      let control: Control = "autonomous";
      for (const decision of pressed) {
        const next = controlAfter(control, decision);
        if (next === "correcting") expect(control).not.toBe("autonomous");
        control = next;
      }
      expect(controlAfter(control, "hand back")).toBe("autonomous");
    }),
  );
});
