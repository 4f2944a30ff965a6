import { expect, test } from "vitest";
import { chooseSeeds } from "./films.ts";

/** One letter for each seed from 0 on: "1" a success, "0" a failure. */
const evaluation = (outcomes: string) => ({
  runs: [...outcomes].map((letter, seed) => ({
    task: "cube",
    difficulty: 0.5,
    randomise: false,
    seed,
    success: letter === "1",
    seconds: 1,
    troubles: [],
  })),
});

test("all four outcomes are there, the first seeds of each", () => {
  //             0123456789
  const before = "0011001100";
  const after = "0101010101";
  // RECAP alone: 1, 5, 9; both: 3, 7; SFT alone: 2, 6; neither: 0, 4, 8.
  const chosen = (count: number) => chooseSeeds(evaluation(before), evaluation(after), count);
  expect(chosen(4)).toEqual([1, 3, 2, 0]);
  expect(chosen(5)).toEqual([1, 5, 3, 2, 0]);
  expect(chosen(9)).toEqual([1, 5, 9, 3, 7, 2, 6, 0, 4]);
  expect(chosen(50)).toHaveLength(10);
});

test("what does not occur leaves its place to others; episodes that one evaluation lost are no choice", () => {
  const chosen = chooseSeeds(evaluation("0000"), { runs: evaluation("0111").runs.slice(0, 3) }, 5);
  expect(chosen).toEqual([1, 2, 0]);
  expect(chooseSeeds(evaluation(""), evaluation(""), 5)).toEqual([]);
});
