// Resolves samples to pixels.
import type { Samples } from "./triangle.ts";

/** Colours: the rounded mean of each pixel's `across` × `across` samples. `rgb` [H, W, 3] */
export function resolveRgb({ width, height, colour }: Samples, across: 1 | 2, rgb: Uint8Array): void {
  if (across === 1) {
    for (let i = 0, to = 0; i < colour.length; i++, to += 3) {
      const packed = colour[i]!;
      rgb[to] = packed;
      rgb[to + 1] = packed >> 8;
      rgb[to + 2] = packed >> 16;
    }
    return;
  }
  for (let row = 0, to = 0; row < height; row += 2)
    for (let at = row * width, end = at + width; at < end; at += 2, to += 3) {
      const [a, b, c, d] = [colour[at]!, colour[at + 1]!, colour[at + width]!, colour[at + width + 1]!];
      // Red and blue are summed in one number, 16 bits apart; 2 rounds.
      const redBlue = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002;
      const green = (a & 0xff00) + (b & 0xff00) + (c & 0xff00) + (d & 0xff00) + 0x200;
      rgb[to] = redBlue >> 2;
      rgb[to + 1] = green >> 10;
      rgb[to + 2] = redBlue >> 18;
    }
}

/** Depth and segmentation cannot be averaged. A pixel takes those of its nearest sample, the first among equals. */
export function resolveNearest(
  { width, height, inverse, id }: Samples,
  across: 1 | 2,
  depth: Float32Array | undefined,
  segmentation: Int32Array | undefined,
): void {
  for (let row = 0, to = 0; row < height; row += across)
    for (let at = row * width, end = at + width; at < end; at += across, to++) {
      let nearest = at;
      if (across === 2) {
        if (inverse[at + 1]! > inverse[nearest]!) nearest = at + 1;
        if (inverse[at + width]! > inverse[nearest]!) nearest = at + width;
        if (inverse[at + width + 1]! > inverse[nearest]!) nearest = at + width + 1;
      }
      if (depth) depth[to] = 1 / inverse[nearest]!;
      if (segmentation) segmentation[to] = id[nearest]!;
    }
}
