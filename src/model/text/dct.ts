// The orthonormal discrete cosine transform of type II over the steps of an action chunk, and its inverse. H steps, D numbers a step.

const bases = new Map<number, Float64Array>();

/** Row k is the cosine of frequency k: [H, H], orthogonal. */
function basis(steps: number): Float64Array {
  let known = bases.get(steps);
  if (!known) {
    known = new Float64Array(steps * steps);
    for (let k = 0; k < steps; k++)
      for (let t = 0; t < steps; t++)
        known[k * steps + t] =
          Math.sqrt((k === 0 ? 1 : 2) / steps) * Math.cos((Math.PI * (2 * t + 1) * k) / (2 * steps));
    bases.set(steps, known);
  }
  return known;
}

/**
 * Chunk [H, D] → coefficients [H, D], frequency by frequency.
 * @throws RangeError if the numbers do not divide into `steps`
 */
export function dct(chunk: ArrayLike<number>, steps: number): Float64Array {
  const cosines = basis(steps);
  return product(chunk, steps, (k, t) => cosines[k * steps + t]!);
}

/** Coefficients [H, D] → chunk [H, D]. */
export function inverseDct(coefficients: ArrayLike<number>, steps: number): Float64Array {
  const cosines = basis(steps);
  return product(coefficients, steps, (t, k) => cosines[k * steps + t]!);
}

function product(
  matrix: ArrayLike<number>,
  steps: number,
  factor: (row: number, column: number) => number,
): Float64Array {
  const size = matrix.length / steps;
  if (!Number.isInteger(size))
    throw new RangeError(`Expected a chunk of ${steps} steps of equal size, got ${matrix.length} numbers`);
  const result = new Float64Array(matrix.length);
  for (let row = 0; row < steps; row++)
    for (let column = 0; column < steps; column++) {
      const by = factor(row, column);
      for (let d = 0; d < size; d++) result[row * size + d]! += by * matrix[column * size + d]!;
    }
  return result;
}
