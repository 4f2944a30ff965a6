// Random changes to a training image without a change of meaning: a shift and a change of brightness.
import type { Random } from "../system/index.ts";

export interface Augmentation {
  /**
   * Largest shift of an image in x and in y, pixels. The edge is repeated into the gap, as in padding by the edge and
   * cropping at random.
   */
  readonly shift: number;
  /** Brightness is multiplied by a factor from 1 − brightness to 1 + brightness. */
  readonly brightness: number;
}

/** Checks the ranges: `shift` a whole number of pixels from 0, `brightness` from 0 to 1. */
export function checkAugmentation({ shift, brightness }: Augmentation): void {
  if (!(Number.isInteger(shift) && shift >= 0))
    throw new RangeError(`Expected shift to be whole pixels from 0, got ${shift}`);
  if (!(brightness >= 0 && brightness <= 1)) throw new RangeError(`Expected brightness from 0 to 1, got ${brightness}`);
}

/**
 * Writes a changed copy of one picture.
 *
 * @param source RGB, [height, width, 3]
 * @param target of the same length
 */
export function augment(
  source: Uint8Array,
  target: Uint8Array,
  width: number,
  { shift, brightness }: Augmentation,
  random: Random,
): void {
  const stride = 3 * width;
  const height = source.length / stride;
  const right = random.integer(2 * shift + 1) - shift;
  const down = random.integer(2 * shift + 1) - shift;
  const factor = 1 + brightness * (2 * random.uniform() - 1);
  const left = 3 * clamp(right, width); // ends of the moved pixels in a row; the edge fills the rest
  const end = stride - 3 * clamp(-right, width);
  const from = 3 * clamp(-right, width);
  for (let y = 0; y < height; y++) {
    const out = y * stride;
    const row = clamp(y - down, height) * stride;
    target.set(source.subarray(row + from, row + from + end - left), out + left);
    for (let at = left - 1; at >= 0; at--) target[out + at] = target[out + at + 3]!;
    for (let at = end; at < stride; at++) target[out + at] = target[out + at - 3]!;
  }
  const level = new Uint8ClampedArray(256);
  for (let byte = 0; byte < 256; byte++) level[byte] = byte * factor;
  for (let at = 0; at < target.length; at++) target[at] = level[target[at]!]!;
}

function clamp(position: number, size: number): number {
  return Math.max(0, Math.min(size - 1, position));
}
