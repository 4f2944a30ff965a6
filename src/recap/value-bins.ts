// The value function is a classifier over B values evenly spaced on [−1, 0] (π*0.6 paper, section IV-A: B = 201).
// This file turns values into class targets and distributions into values. Two targets are common: one-hot on the nearest bin, and
// two-hot, which shares the weight between the two neighbours. The expectation of a two-hot target is the value itself. The paper does
// not say which it takes.

/** B of the paper. */
export const valueBins = 201;

/** The values v(b) = −1 + b / (B − 1), from −1 to 0, both exact. [B] */
export function binValues(bins: number = valueBins): Float64Array {
  checkBins(bins);
  return Float64Array.from({ length: bins }, (_, bin) => (bin === bins - 1 ? 0 : (bin - (bins - 1)) / (bins - 1)));
}

/**
 * The class of the nearest bin. Values outside [−1, 0] go to the nearer end.
 *
 * @param values [N], normalised
 * @returns [N], each from 0 to bins − 1
 */
export function hardTargets(values: Float32Array | Float64Array, bins: number = valueBins): Int32Array {
  checkBins(bins);
  return Int32Array.from(values, (value, at) => Math.round(place(value, at, bins)));
}

/**
 * Two-hot distributions. The two bins around a value share the weight by nearness, and the expectation is the value.
 * Values outside [−1, 0] put all their weight on the nearer end.
 *
 * @param values [N], normalised
 * @returns [N, bins], each row sums to 1
 */
export function twoHotTargets(values: Float32Array | Float64Array, bins: number = valueBins): Float32Array {
  checkBins(bins);
  const targets = new Float32Array(values.length * bins);
  for (let row = 0; row < values.length; row++) {
    const position = place(values[row]!, row, bins);
    const lower = Math.min(Math.floor(position), bins - 2);
    targets[row * bins + lower] = 1 - (position - lower);
    targets[row * bins + lower + 1] = position - lower;
  }
  return targets;
}

/**
 * V = Σ_b p(b) · v(b).
 *
 * @param probabilities [N, bins], each row sums to 1
 * @returns [N], within [−1, 0]
 */
export function expectedValues(probabilities: Float32Array | Float64Array, bins: number = valueBins): Float64Array {
  const values = binValues(bins);
  if (probabilities.length % bins !== 0)
    throw new RangeError(`Expected rows of ${bins} probabilities, got ${probabilities.length} numbers`);
  return Float64Array.from({ length: probabilities.length / bins }, (_, row) => {
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) sum += probabilities[row * bins + bin]! * values[bin]!;
    return sum;
  });
}

/** The position of a value among the bins, from 0 to bins − 1. */
function place(value: number, at: number, bins: number): number {
  if (Number.isNaN(value)) throw new RangeError(`Expected normalised values, got NaN at position ${at}`);
  return bins - 1 + (bins - 1) * Math.min(0, Math.max(-1, value));
}

export function checkBins(bins: number): void {
  if (!Number.isInteger(bins) || bins < 3)
    throw new RangeError(`Expected a whole number of at least 3 bins, got ${bins}`);
}
