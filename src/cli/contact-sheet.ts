// Many small pictures on one: a row of thumbnails after the other.
import type { Image } from "../data/index.ts";

const thumbnailWidth = 160;
const perRow = 8;
const gap = 2;

/** Draws each camera's pictures in rows of eight thumbnails, one camera below the other. */
export function contactSheet(cameras: readonly (readonly Image[])[]): Image {
  const rows = cameras.flatMap((images) =>
    Array.from({ length: Math.ceil(images.length / perRow) }, (_, at) =>
      images.slice(at * perRow, (at + 1) * perRow).map(shrink),
    ),
  );
  const heights = rows.map((row) => Math.max(...row.map((image) => image.height)) + gap);
  const widths = rows.map((row) => row.reduce((sum, image) => sum + image.width + gap, 0));
  const width = Math.max(...widths);
  const height = heights.reduce((sum, value) => sum + value, 0);
  const data = new Uint8Array(width * height * 3);
  let top = 0;
  for (const [at, row] of rows.entries()) {
    let left = 0;
    for (const image of row) {
      for (let y = 0; y < image.height; y++)
        data.set(image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3), ((top + y) * width + left) * 3);
      left += image.width + gap;
    }
    top += heights[at]!;
  }
  return { width, height, data };
}

/** A thumbnail by averaging whole pixels; smaller pictures stay as they are. */
function shrink(image: Image): Image {
  const step = Math.ceil(image.width / thumbnailWidth);
  const [width, height] = [Math.floor(image.width / step), Math.floor(image.height / step)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let dy = 0; dy < step; dy++)
          for (let dx = 0; dx < step; dx++)
            sum += image.data[((y * step + dy) * image.width + x * step + dx) * 3 + channel]!;
        data[(y * width + x) * 3 + channel] = Math.round(sum / step ** 2);
      }
  return { width, height, data };
}
