import { expect, test } from "vitest";
import { type BatchSource, Sampler } from "../data/index.ts";
import { withPositiveShare } from "./positive-share.ts";

/** A source of as many frames as it has labels; nothing else of it is looked at. */
const source = (...labels: number[]) =>
  ({ frames: Int32Array.from(labels.keys()), advantageIndicator: Int8Array.from(labels) }) as unknown as BatchSource;

const drawn = (pools: readonly BatchSource[]) => new Sampler(pools, 5).next(40_000);

test("with the indicator, positive frames are drawn as often as asked; without it, frames are drawn as they lie", () => {
  const given = [source(1, 0, 0, -1, 0, 0, 0, 1, 0, 0), source(1, 1, 0, 0, 0)];
  const { sources, saysIndicator } = withPositiveShare(given, 0.75, 0.3);
  expect(sources.map(({ frames }) => [...frames])).toEqual([
    [0, 7],
    [0, 1],
    [1, 2, 3, 4, 5, 6, 8, 9],
    [2, 3, 4],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [0, 1, 2, 3, 4],
  ]);
  const samples = drawn(sources);
  const says = saysIndicator({ source: Int32Array.from(samples, (sample) => sample.source) });
  const said = samples.filter((_, i) => says[i]);
  const unsaid = samples.filter((_, i) => !says[i]);
  const share = (of: typeof samples, isSo: (pool: number, frame: number) => boolean) =>
    of.filter((one) => isSo(one.source, one.frame)).length / of.length;
  expect(unsaid.length / samples.length).toBeCloseTo(0.3, 1.5);
  expect(share(said, (pool) => pool < 2)).toBeCloseTo(0.75, 1.5);
  expect(share(said, (pool, frame) => pool === 0 && frame === 7)).toBeCloseTo((0.75 * 10) / 15 / 2, 1.5);
  // 4 of the 15 frames are positive.
  const isPositive = (pool: number, frame: number) => given[pool % 2]!.advantageIndicator[frame] === 1;
  expect(share(unsaid, isPositive)).toBeCloseTo(4 / 15, 1.5);
  expect(share(unsaid, (pool, frame) => pool === 4 && frame === 7)).toBeCloseTo(1 / 15, 1.5);
  for (const some of [said, unsaid]) expect(share(some, (pool) => pool % 2 === 0)).toBeCloseTo(10 / 15, 1.5);
});

test("of one kind alone there is nothing to choose, and weights are kept", () => {
  const { sources } = withPositiveShare(
    [{ ...source(1, 1), weight: 3 }, source(0, 0, 0), { ...source(0, 1), weight: 8 }],
    0.25,
    0.5,
  );
  expect(sources.map(({ weight }) => weight)).toEqual([1.5, 0, 1, 0, 1.5, 3, 1.5, 1.5, 4]);
  expect(drawn(sources).every(({ source: pool, frame }) => sources[pool]!.frames.includes(frame))).toBe(true);
});
