import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { axis, scale, tightAxis } from "./axis.ts";

describe("ticks", () => {
  test.each([
    [[0, 1], [0, 0.2, 0.4, 0.6, 0.8, 1], "0.4"],
    [[0, 274], [0, 100, 200, 300], "200"],
    [[-0.87, 0], [-1, -0.8, -0.6, -0.4, -0.2, 0], "−0.6"],
    [[0, 4800], [0, 1000, 2000, 3000, 4000, 5000], "2,000"],
    [[0.0021, 0.0048], [0.002, 0.003, 0.004, 0.005], "0.004"],
  ])("of %j", (values, ticks, third) => {
    const drawn = axis(values);
    expect(drawn.ticks).toEqual(ticks);
    expect(drawn.label(drawn.ticks[2]!)).toBe(third);
  });

  test("without values, of one value, and beside values that are not finite", () => {
    expect(axis([])).toMatchObject({ low: 0, high: 1 });
    expect(axis([0])).toMatchObject({ low: -0.6, high: 0.6 });
    const one = axis([8]);
    expect(one.low).toBeLessThan(8);
    expect(one.high).toBeGreaterThan(8);
    expect(axis([Number.NaN, 0, Infinity, 1, null as unknown as number])).toMatchObject({ low: 0, high: 1 });
  });

  test("hold all values, evenly and few", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => Math.round(x * 1e4) / 1e4),
          { minLength: 2 },
        ),
        (values) => {
          fc.pre(Math.max(...values) - Math.min(...values) > 1e-3);
          const { low, high, ticks } = axis(values);
          const step = ticks[1]! - ticks[0]!;
          expect(low).toBeLessThanOrEqual(Math.min(...values) + 1e-6 * step);
          expect(high).toBeGreaterThanOrEqual(Math.max(...values) - 1e-6 * step);
          expect(ticks.length).toBeLessThanOrEqual(7);
          for (let index = 1; index < ticks.length; index++)
            expect(ticks[index]! - ticks[index - 1]!).toBeCloseTo(step, 6);
        },
      ),
    );
  });
});

test("a tight axis ends at the values", () => {
  expect(tightAxis([0, 1200])).toMatchObject({ low: 0, high: 1200, ticks: [0, 500, 1000] });
});

test("a scale goes from end to end and not beyond", () => {
  const x = scale(axis([0, 10]), 50, 250);
  expect([0, 5, 10, 12, -1].map(x)).toEqual([50, 150, 250, 250, 50]);
  expect(scale(axis([0, 10]), 100, 0)(2.5)).toBe(75);
});
