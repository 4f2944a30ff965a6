import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../system/random.ts";
import { augment, checkAugmentation } from "./augmentation.ts";

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

/** The shift by `right` and `down`, pixel by pixel. */
function shifted(right: number, down: number): Uint8Array {
  const inside = (position: number, size: number) => Math.min(size - 1, Math.max(0, position));
  return picture.map((_, at) => {
    const x = inside((Math.floor(at / 3) % width) - right, width);
    const y = inside(Math.floor(at / 3 / width) - down, height);
    return picture[(y * width + x) * 3 + (at % 3)]!;
  });
}

test("a shift moves every pixel alike and repeats the edge; all shifts occur", () => {
  for (const shift of [1, 2, 7]) {
    const moves = Array.from({ length: 2 * shift + 1 }, (_, at) => at - shift);
    const possible = new Set(moves.flatMap((right) => moves.map((down) => shifted(right, down).join())));
    const seen = new Set(Array.from({ length: 2000 }, (_, seed) => changed(shift, 0, seed).join()));
    expect(seen).toEqual(possible);
  }
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
