import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { resizeWithPad } from "./resize.ts";

interface Case {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly input: string;
  readonly output: string;
}

const cases = JSON.parse(
  readFileSync(new URL("../../test/golden/resize/cases.json", import.meta.url), "utf8"),
) as Case[];
const unpack = (text: string) => new Uint8Array(inflateSync(Buffer.from(text, "base64")));

test.each(cases)("$from to $to is PIL's, byte for byte", ({ from, to, input, output }) => {
  const resized = resizeWithPad({ width: from[0], height: from[1], data: unpack(input) }, to[1], to[0]);
  expect([resized.width, resized.height]).toEqual(to);
  const expected = unpack(output);
  expect(resized.data.length).toBe(expected.length);
  expect(resized.data.findIndex((byte, at) => byte !== expected[at])).toBe(-1);
});

test("a picture of the wanted size is returned as it is", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  expect(resizeWithPad(image, 1, 2)).toBe(image);
});

test("grey pictures and empty sizes are refused", () => {
  expect(() => resizeWithPad({ width: 2, height: 2, data: new Uint8Array(4) }, 4, 4)).toThrow(
    "2×2×3 bytes of RGB, got 4",
  );
  expect(() => resizeWithPad({ width: 1, height: 1, data: new Uint8Array(3) }, 0, 4)).toThrow("got 4×0");
});
