import fc from "fast-check";
import { expect, test } from "vitest";
import { Sampler } from "./sampler.ts";

const range = (length: number, from = 0) => Int32Array.from({ length }, (_, at) => from + at);
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });

test("every epoch of a source has each of its frames once, in another order", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (lengths, seed) => {
      const sampler = new Sampler(
        lengths.map((length) => ({ frames: range(length, 100) })),
        seed,
      );
      const drawn = sampler.next(400);
      for (const [source, length] of lengths.entries()) {
        const frames = drawn.filter((sample) => sample.source === source).map(({ frame }) => frame);
        for (let at = 0; at + length <= frames.length; at += length)
          expect(frames.slice(at, at + length).sort((a, b) => a - b)).toEqual([...range(length, 100)]);
      }
    }),
  );
  const frames = new Sampler([{ frames: range(100) }], 3).next(200).map(({ frame }) => frame);
  expect(frames.slice(0, 100)).not.toEqual([...range(100)]);
  expect(frames.slice(0, 100)).not.toEqual(frames.slice(100));
});

test("sampling resumed from any state gives the same samples, whatever the batch size", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(150), fc.integer({ min: 1, max: 40 }), (lengths, seed, before, size) => {
      const pools = lengths.map((length) => ({ frames: range(length) }));
      const whole = new Sampler(pools, seed).next(before + 2 * size);
      const first = new Sampler(pools, seed);
      expect(first.next(before)).toEqual(whole.slice(0, before));
      const second = new Sampler(pools, seed, JSON.parse(JSON.stringify(first.state())));
      expect([...second.next(size), ...second.next(size)]).toEqual(whole.slice(before));
    }),
  );
});

test("sources are mixed by weight; without weights every frame is as likely", () => {
  const share = (weights: (number | undefined)[]) => {
    const pools = weights.map((weight, at) => ({ frames: range(at === 0 ? 100 : 300), weight }));
    const samples = new Sampler(pools, 11).next(10_000);
    return samples.filter(({ source }) => source === 0).length / samples.length;
  };
  expect(Math.abs(share([undefined, undefined]) - 0.25)).toBeLessThan(0.02);
  expect(Math.abs(share([3, 1]) - 0.75)).toBeLessThan(0.02);
  expect(share([0, 1])).toBe(0);
});

test("other seeds give other samples; draws are numbered", () => {
  const of = (seed: number) => new Sampler([{ frames: range(50) }], seed).next(20);
  expect(of(1)).not.toEqual(of(2));
  expect(of(1).map(({ draw }) => draw)).toEqual([...range(20)]);
});

test("empty sources, negative weights and a resume on other data are refused", () => {
  expect(() => new Sampler([], 1)).toThrow("at least one source");
  expect(() => new Sampler([{ frames: range(0), weight: 1 }], 1)).toThrow("got none");
  expect(() => new Sampler([{ frames: range(1), weight: -1 }], 1)).toThrow("from 0 up, got -1");
  const state = new Sampler([{ frames: range(9) }], 1).state();
  expect(() => new Sampler([{ frames: range(9, 1) }], 1, state)).toThrow("other data needs a new run");
  expect(() => new Sampler([{ frames: range(9) }], 2, state)).toThrow("resume with seed 1");
});
