// SigLIP's learned positions, for pictures of another size.

/**
 * Resizes positions on a square of `from` patches to one of `to`: linear, with antialiasing when it shrinks, as JAX's and PyTorch's resize.
 *
 * @param positions [from, C], row by row
 * @returns [to, C]
 * @throws RangeError if a number is no square
 */
export function resizePositions(positions: Float32Array, from: number, to: number): Float32Array {
  const [old, wanted] = [from, to].map(Math.sqrt) as [number, number];
  if (!Number.isInteger(old) || !Number.isInteger(wanted))
    throw new RangeError(`Expected squares of patches, got ${from} and ${to}`);
  const width = positions.length / from;
  const weights = Array.from({ length: wanted }, (_, at) => shares(at, old, wanted));
  const resized = new Float32Array(to * width);
  for (const [y, rows] of weights.entries())
    for (const [x, columns] of weights.entries())
      for (let channel = 0; channel < width; channel++) {
        let sum = 0;
        for (const [row, byRow] of rows)
          for (const [column, byColumn] of columns)
            sum += byRow * byColumn * positions[(row * old + column) * width + channel]!;
        resized[(y * wanted + x) * width + channel] = sum;
      }
  return resized;
}

/** The old places that the new place `at` is made of, and the share of each. */
function shares(at: number, old: number, wanted: number): [place: number, share: number][] {
  const scale = old / wanted;
  const reach = Math.max(1, scale);
  const centre = (at + 0.5) * scale;
  const all = Array.from({ length: old }, (_, place): [number, number] => [
    place,
    Math.max(0, 1 - Math.abs(place + 0.5 - centre) / reach),
  ]);
  const sum = all.reduce((total, [, share]) => total + share, 0);
  return all.filter(([, share]) => share > 0).map(([place, share]) => [place, share / sum]);
}
