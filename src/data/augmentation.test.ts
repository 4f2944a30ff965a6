import fc from "fast-check";
import { expect, test } from "vitest";
import { augment, checkAugmentation } from "./augmentation.ts";
import { random } from "./random.ts";

const [width, height] = [5, 4];
const picture = Uint8Array.from({ length: width * height * 3 }, (_, at) => at * 3);

function changed(shift: number, brightness: number, seed: number): Uint8Array {
  const target = new Uint8Array(picture.length);
  augment(picture, target, width, { shift, brightness }, random(seed));
  return target;
}

test("without shift and brightness nothing changes", () => {
  expect(changed(0, 0, 5)).toEqual(picture);
});

test("a shift moves every pixel alike and repeats the edge; all shifts occur", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const result = changed(1, 0, seed);
    const moves = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => ({ down, right })));
    const fitting = moves.filter(({ down, right }) =>
      result.every((byte, at) => {
        const x = Math.floor(at / 3) % width;
        const y = Math.floor(at / 3 / width);
        const fromX = Math.min(width - 1, Math.max(0, x - right));
        const fromY = Math.min(height - 1, Math.max(0, y - down));
        return byte === picture[(fromY * width + fromX) * 3 + (at % 3)];
      }),
    );
    expect(fitting).toHaveLength(1);
    seen.add(JSON.stringify(fitting[0]));
  }
  expect(seen.size).toBe(9);
});

test("brightness multiplies all bytes by one factor within its range, cut at white", () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, brightness) => {
      const result = changed(0, brightness, seed);
      const factor = result[33]! / picture[33]!; // 99, darker than where white cuts even at twice the light, but by one
      expect(Math.abs(factor - 1)).toBeLessThanOrEqual(brightness + 0.5 / 99 + 1e-9);
      for (const [at, byte] of result.entries())
        expect(Math.abs(byte - Math.min(255, picture[at]! * factor))).toBeLessThanOrEqual(
          0.5 + 177 * (0.5 / 99) + 1e-9,
        );
    }),
  );
});

test("one seed gives one picture", () => {
  expect(changed(2, 0.4, 9)).toEqual(changed(2, 0.4, 9));
  expect(changed(2, 0.4, 9)).not.toEqual(changed(2, 0.4, 10));
});

test("ranges are checked", () => {
  expect(() => checkAugmentation({ shift: -1, brightness: 0 })).toThrow("got -1");
  expect(() => checkAugmentation({ shift: 0, brightness: 1.5 })).toThrow("got 1.5");
});
