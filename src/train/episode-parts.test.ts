import { expect, test } from "vitest";
import { taskScale } from "../recap/index.ts";
import { rewardsOfParts, targetsOfParts } from "./episode-parts.ts";

/** A success of 6 steps in which a person takes over at step 2 and, after handing back, at step 4. One unit is 10 · 200 / 199 steps. */
const episode = { dataset: 0, episode: 0, task: "stack", length: 6, success: true, takeOvers: [2, 4] };
const scale = taskScale(10);
const unit = scale.stepsPerUnit;
const close = (found: Float64Array, wanted: readonly number[]) =>
  expect([...found]).toEqual(wanted.map((x) => expect.closeTo(x, 9)));

test("by hand: a rescue goes on, is a failure of what came before it, or is cut off at the take-over", () => {
  close(
    targetsOfParts(episode, scale),
    [-5, -4, -3, -2, -1, 0].map((steps) => steps / unit),
  );
  close(targetsOfParts(episode, scale, "failure"), [-1, -1, -1, -1, -1 / unit, 0]);
  const valueAt = (frame: number) => (frame === 2 ? -0.3 : -0.95);
  const cut = [-0.3 - 2 / unit, -0.3 - 1 / unit, -1, -1, -1 / unit, 0];
  close(targetsOfParts(episode, scale, "bootstrap", valueAt), cut);
});

test("by hand: the rewards of the parts; what stands for the rest is in the last of a part", () => {
  const values = Float64Array.of(0, 0, -0.3, 0, -0.5, 0);
  const of = (meaning: "goes-on" | "failure" | "bootstrap") => rewardsOfParts(episode, scale, meaning, values);
  expect(of("goes-on").map(({ begin, end, raw }) => [begin, end, [...raw]])).toEqual([[0, 6, [-1, -1, -1, -1, -1, 0]]]);
  expect(of("failure").map(({ begin, end, raw }) => [begin, end, [...raw]])).toEqual([
    [0, 2, [-1, -unit]],
    [2, 4, [-1, -unit]],
    [4, 6, [-1, 0]],
  ]);
  const [first, second, last] = of("bootstrap").map(({ normalized }) => normalized);
  close(first!, [-1 / unit, -1 / unit - 0.3]);
  close(second!, [-1 / unit, -1 / unit - 0.5]);
  close(last!, [-1 / unit, 0]);
});

test("a take-over at the first frame has nothing before it", () => {
  close(targetsOfParts({ ...episode, length: 2, takeOvers: [0] }, scale, "failure"), [-1 / unit, 0]);
});
