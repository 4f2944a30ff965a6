import { expect, test } from "vitest";
import type { RunRound } from "./runs-file.ts";
import { settledMoments } from "./settled-moments.ts";

const fps = 10;
/** A moment each second, with the outcomes of its two runs. */
const round = (outcomes: readonly (readonly [number | null, number | null])[]): RunRound => ({
  episode: 0,
  round: 0,
  moments: outcomes.map(([one, other], second) => [second * fps, one, other] as const),
  troubled: 0,
});
const failed = [null, null] as const;

test("ten failures within two seconds settle a moment, one success nearby does not", () => {
  // The first two moments have eight runs at most around them; the last three lie near the success of the second 9.
  const outcomes = [...new Array<typeof failed>(9).fill(failed), [null, 7] as const];
  expect(settledMoments([round(outcomes)], fps)).toEqual([2, 3, 4, 5, 6].map((second) => second * fps));
  const again = round(outcomes.slice(0, 2));
  expect(settledMoments([round(outcomes), again], fps)).toEqual([0, 1, 2, 3, 4, 5, 6].map((second) => second * fps));
  expect(settledMoments([], fps)).toEqual([]);
});
