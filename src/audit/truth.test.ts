import { expect, test } from "vitest";
import { taskScale } from "../recap/index.ts";
import { clockWithout } from "./clock.ts";
import { betweenMoments, episodeTruths, runReturn } from "./truth.ts";

// One unit of value is 100 · 4 / 3 steps.
const scale = taskScale(100, { bins: 5 });

test("returns of runs by hand, with five bins", () => {
  expect(runReturn(null, scale)).toBe(-1);
  expect(runReturn(1, scale)).toBeCloseTo(0);
  expect(runReturn(21, scale)).toBeCloseTo(-0.15);
  // The lowest value of a success.
  expect(runReturn(1000, scale)).toBeCloseTo(-0.75);
});

test("the two runs of each round belong to different halves", () => {
  const rounds = [
    { episode: 7, round: 0, moments: [[0, 21, null] as const], troubled: 0 },
    { episode: 7, round: 1, moments: [[0, null, 1] as const], troubled: 0 },
  ];
  const [found] = episodeTruths(rounds, () => scale);
  expect(found).toMatchObject({ episode: 7, frames: [0], runs: [4] });
  expect(found!.values[0]![0]).toBeCloseTo((-0.15 - 1) / 2);
  expect(found!.values[0]![1]).toBeCloseTo((-1 + 0) / 2);
});

test("values between moments are linear, and go to the known value of the end", () => {
  const success = betweenMoments([0, 2], [-0.6, -0.2], { length: 5, success: true });
  expect([...success].map((x) => Number(x.toFixed(6)))).toEqual([-0.6, -0.4, -0.2, -0.1, 0]);
  const failure = betweenMoments([0, 4], [-0.6, -0.8], { length: 5, success: false });
  expect([...failure].map((x) => Number(x.toFixed(6)))).toEqual([-0.6, -0.65, -0.7, -0.75, -0.8]);
  expect([...betweenMoments([0], [-0.5], { length: 1, success: true })]).toEqual([-0.5]);
});

test("the clock does not know the episode that it is asked of", () => {
  const clock = clockWithout([
    { episode: 0, task: "a", returns: [-1, -1, -1] },
    { episode: 1, task: "a", returns: [-0.4, -0.2] },
    { episode: 2, task: "a", returns: [-0.2, 0] },
    { episode: 3, task: "b", returns: [0] },
  ]);
  expect(clock(0, 0)).toBeCloseTo(-0.3);
  expect(clock(0, 2)).toBeCloseTo(-0.1);
  expect(clock(1, 1)).toBeCloseTo(-0.5);
  expect(clock(3, 0)).toBeNaN();
});
