// Intervals and tests for success rates and throughputs.

/** An estimate with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % quantile of the standard normal distribution. */
export const z = 1.959963984540054;

/** A share of successes with Wilson's score interval (Wilson 1927), which stays within 0 and 1 and holds for few trials too. */
export function wilson(successes: number, trials: number): Estimate {
  if (!(Number.isInteger(trials) && trials >= 1 && successes >= 0 && successes <= trials))
    throw new RangeError(`Expected 0 to n successes in n ≥ 1 trials, got ${successes} in ${trials}`);
  const share = successes / trials;
  const scale = 1 + z ** 2 / trials;
  const middle = (share + z ** 2 / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  return { value: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Student's 97.5 % quantiles for 1 to 10 degrees of freedom. */
const student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228] as const;

/** For more than 10, by the expansion about the normal distribution (Abramowitz & Stegun 26.7.5), within 0.0005. */
const studentBeyond = (freedom: number): number =>
  z +
  (z ** 3 + z) / (4 * freedom) +
  (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
  (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3);

/** The mean of two or more values with Student's 95 % interval: of few values it is wide, as it should be. */
export function meanInterval(values: readonly number[]): Estimate {
  const count = values.length;
  if (count < 2) throw new RangeError(`Expected two or more values, got ${count}`);
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1);
  const half = (student[count - 2] ?? studentBeyond(count - 1)) * Math.sqrt(variance / count);
  return { value: mean, low: mean - half, high: mean + half };
}

/** Of sorted values, between neighbours linearly; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low === high ? low : low + (at - Math.floor(at)) * (high - low);
}

/**
 * McNemar's exact test of two policies on the same episodes: `onlyFirst` were solved by the first alone, `onlySecond` by the second alone.
 * The two-sided p-value under which both are equally likely: twice the tail of Binomial(onlyFirst + onlySecond, ½), at most 1.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const trials = onlyFirst + onlySecond;
  let tail = 0;
  // Through logarithms: 2⁻ⁿ itself is 0 beyond a thousand trials.
  let logarithm = -trials * Math.LN2;
  for (let k = 0; k <= Math.min(onlyFirst, onlySecond); k++) {
    tail += Math.exp(logarithm);
    logarithm += Math.log(trials - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}
