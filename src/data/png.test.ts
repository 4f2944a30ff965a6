import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { decodeImage, encodePng } from "./png.ts";

test("pictures of any size come back pixel by pixel, small ones from our own encoder and large ones", async () => {
  const side = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(side, side, fc.nat(), async (width, height, seed) => {
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * seed + (i >> 3) * 7) % 256);
      expect(await decodeImage(await encodePng({ width, height, data }), "picture")).toEqual({ width, height, data });
    }),
  );
  const data = Uint8Array.from({ length: 200 * 150 * 3 }, (_, i) => (i * i) % 251);
  expect(await decodeImage(await encodePng({ width: 200, height: 150, data }), "picture")).toMatchObject({ data });
});

test("a small picture is RGB of 8 bits, with no bytes left over", async () => {
  const bytes = await encodePng({ width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 0, 0, 255) });
  expect(await sharp(bytes, { failOn: "warning" }).metadata()).toMatchObject({
    format: "png",
    width: 2,
    height: 1,
    channels: 3,
    depth: "uchar",
  });
  expect(Buffer.from(bytes.subarray(-12)).toString("hex")).toBe("0000000049454e44ae426082"); // IEND, as every PNG ends
});
