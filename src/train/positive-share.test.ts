import { expect, test } from "vitest";
import { type BatchSource, Sampler } from "../data/index.ts";
import { withPositiveShare } from "./positive-share.ts";

/** A source of as many frames as it has labels; nothing else of it is looked at. */
const source = (...labels: number[]) =>
  ({ frames: Int32Array.from(labels.keys()), advantageIndicator: Int8Array.from(labels) }) as unknown as BatchSource;

const drawn = (pools: readonly BatchSource[]) => new Sampler(pools, 5).next(8000);

test("positive frames are drawn as often as asked, every one of them alike, and a source as often as before", () => {
  const sources = [source(1, 0, 0, -1, 0, 0, 0, 1, 0, 0), source(1, 1, 0, 0, 0)];
  const pools = withPositiveShare(sources, 0.75);
  expect(pools.map(({ frames }) => [...frames])).toEqual([
    [0, 7],
    [0, 1],
    [1, 2, 3, 4, 5, 6, 8, 9],
    [2, 3, 4],
  ]);
  const samples = drawn(pools);
  const share = (isSo: (sample: (typeof samples)[number]) => boolean) => samples.filter(isSo).length / samples.length;
  expect(share(({ source: pool }) => pool < 2)).toBeCloseTo(0.75, 1.5);
  expect(share(({ source: pool }) => pool % 2 === 0)).toBeCloseTo(10 / 15, 1.5);
  expect(share(({ source: pool, frame }) => pool === 0 && frame === 7)).toBeCloseTo((0.75 * 10) / 15 / 2, 1.5);
});

test("of one kind alone there is nothing to choose, and weights are kept", () => {
  const pools = withPositiveShare(
    [{ ...source(1, 1), weight: 3 }, source(0, 0, 0), { ...source(0, 1), weight: 8 }],
    0.25,
  );
  expect(pools.map(({ weight }) => weight)).toEqual([3, 0, 2, 0, 3, 6]);
  expect(drawn(pools).every(({ source: pool, frame }) => pools[pool]!.frames.includes(frame))).toBe(true);
});
