import sharp from "sharp";
import { expect, test } from "vitest";
import { pairPictures } from "./film-pair.ts";
import type { Film } from "./summary.ts";

/** A sheet of plain pictures, two in a row. */
async function sheet(colours: readonly string[]): Promise<Buffer> {
  const cells = await Promise.all(
    colours.map((background) =>
      sharp({ create: { width: 8, height: 6, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  return sharp({ create: { width: 16, height: 12, channels: 3, background: "black" } })
    .composite(cells.map((input, i) => ({ input, left: 8 * (i % 2), top: 6 * Math.floor(i / 2) })))
    .webp({ lossless: true })
    .toBuffer();
}

test("both policies' pictures side by side; the shorter film keeps its end", async () => {
  const episode = { fps: 10, columns: 2, sheet: "", iteration: 1 };
  const film: Film = {
    seed: 0,
    instruction: 'put "it" <there>',
    before: { ...episode, arm: "sft", success: false, seconds: 0.3, values: [-0.5, -0.6, -0.9] },
    after: { ...episode, arm: "recap", success: true, seconds: 0.1, values: [-0.5, -0.1] },
  };
  const sheets = [await sheet(["#ff0000", "#00ff00", "#0000ff"]), await sheet(["#ffff00", "#ff00ff"])] as const;
  const seen: string[] = [];
  for await (const { picture, total } of pairPictures(film, sheets, 1)) {
    // Three moments, and the end for 1.5 seconds more.
    expect(total).toBe(18);
    const at = (x: number) => [
      ...picture.data.subarray(3 * (100 * picture.width + x), 3 * (100 * picture.width + x) + 3),
    ];
    seen.push(`${at(206)} ${at(608)}`);
  }
  expect(seen.slice(0, 4)).toEqual([
    "255,0,0 255,255,0",
    "0,255,0 255,0,255",
    "0,0,255 255,0,255",
    "0,0,255 255,0,255",
  ]);
  expect(seen).toHaveLength(18);
});
