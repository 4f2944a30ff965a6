// Random changes to a training picture that leave its meaning: a shift and a change of brightness.
import type { Random } from "./random.ts";

export interface Augmentation {
  /** Pixels by which a picture moves at most in x and in y; its edge is repeated into the gap. The same as padding by the edge and cropping at random. */
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
  const height = source.length / (3 * width);
  const right = random.integer(2 * shift + 1) - shift;
  const down = random.integer(2 * shift + 1) - shift;
  const factor = 1 + brightness * (2 * random.uniform() - 1);
  const level = Uint8ClampedArray.from({ length: 256 }, (_, byte) => byte * factor);
  const columns = Int32Array.from({ length: width }, (_, x) => 3 * clamp(x - right, width));
  for (let y = 0, out = 0; y < height; y++) {
    const row = clamp(y - down, height) * width * 3;
    for (let x = 0; x < width; x++, out += 3) {
      const at = row + columns[x]!;
      target[out] = level[source[at]!]!;
      target[out + 1] = level[source[at + 1]!]!;
      target[out + 2] = level[source[at + 2]!]!;
    }
  }
}

function clamp(position: number, size: number): number {
  return Math.max(0, Math.min(size - 1, position));
}
