import fc from "fast-check";
import { expect, test } from "vitest";
import type { BatchSource } from "../data/index.ts";
import { type ActionSpace, actionConverter, fitActionSpace, normalizerOf, relativeChunk } from "./action-space.ts";

/** Two episodes of 3 and 2 frames; two joints, the second one's actions are absolute. */
const source = {
  frames: Int32Array.of(0, 1, 2, 3, 4),
  chunkEnds: Int32Array.of(3, 3, 3, 5, 5),
  state: Float32Array.of(0, 5, 1, 5, 2, 5, 10, 5, 20, 5),
  stateSize: 2,
  actions: Float32Array.of(1, 7, 2, 7, 3, 7, 20, 7, 30, 9),
  actionSize: 2,
} as unknown as BatchSource;

test("chunks are relative to the state at their start and end with the episode", () => {
  expect([...relativeChunk(source, 1, 4, [true, false])]).toEqual([1, 7, 2, 7]);
  expect([...relativeChunk(source, 3, 2, [true, false])]).toEqual([10, 7, 20, 9]);
  expect([...relativeChunk(source, 3, 2, [false, false])]).toEqual([20, 7, 30, 9]);
  expect([...source.actions.slice(6)]).toEqual([20, 7, 30, 9]); // unchanged
});

test("statistics are those of the relative chunks; what never moves is not blown up", () => {
  const space = fitActionSpace([source], 2, [true, false], "mean_std");
  // Relative first joint: 1,2 | 1,2 | 1 | 10,20 | 10
  expect(space.actions.measures[0][0]).toBeCloseTo(47 / 8, 5);
  expect(space.actions.measures[0][1]).toBeCloseTo((5 * 7 + 7 + 9 + 9) / 8, 5);
  expect(space.state.measures[1][1]).toBe(0);
  expect(normalizerOf(space.state).scale[1]).toBe(1e-3);
});

test("robot → network → robot gives the actions back, padding is zero", () => {
  const space: ActionSpace = {
    state: { mode: "quantiles", measures: [Float32Array.of(-10, 0), Float32Array.of(30, 1)] },
    actions: { mode: "quantiles", measures: [Float32Array.of(-5, 2), Float32Array.of(5, 12)] },
    deltaActions: [true, false],
  };
  const { state, toModel, toRobot } = actionConverter(space, 4, 3);
  expect([...state(Float32Array.of(10, 1))].map((x) => Math.round(1e4 * x) / 1e4 + 0)).toEqual([0, 1, 0, 0]);
  const [first] = toModel(Float32Array.of(12.5, 7), Float32Array.of(10, 0));
  expect(first).toBeCloseTo(0.5, 5);
  const number = fc.float({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 6, maxLength: 6 }), number, (numbers, at) => {
      const [chunk, now] = [Float32Array.from(numbers), Float32Array.of(at, 0)];
      const scaled = toModel(chunk, now);
      expect([scaled[2], scaled[5], scaled[8]]).toEqual([0, 0, 0]);
      for (const [i, x] of toRobot(scaled, now).entries()) expect(x).toBeCloseTo(chunk[i]!, 3);
    }),
  );
  expect(() => state(Float32Array.of(1))).toThrow("a state of 2 numbers, got 1");
});
