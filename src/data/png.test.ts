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

test("small pictures of others and damaged ones: read by sharp, or refused", async () => {
  const raw = { width: 24, height: 16, channels: 3 } as const;
  const data = Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 7 + (i >> 5) * 31) % 256);
  const filtered = await sharp(data, { raw }).png({ adaptiveFiltering: true }).toBuffer();
  const grey = await sharp(data, { raw }).grayscale().png().toBuffer();
  expect((await decodeImage(filtered, "picture")).data).toEqual(data);
  expect((await decodeImage(grey, "picture")).data).toHaveLength(data.length);
  const ours = await encodePng({ width: 24, height: 16, data });
  for (const damaged of [ours.subarray(0, 60), ours.with(50, ours[50]! ^ 1)])
    await expect(decodeImage(damaged, "frame 3")).rejects.toThrow("frame 3: expected a PNG or JPEG picture");
});
