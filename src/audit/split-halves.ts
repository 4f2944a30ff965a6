// Statistics against a noisy truth. Two halves of the runs measure each true value. Their errors are independent, so the product of the halves
// has no noise on average. Then noise neither adds to an error nor takes from a correlation.
import type { Estimate } from "../rollout/index.ts";
import type { Random } from "../system/index.ts";

/** A true value as two independent halves of the runs give it. */
export type Halves = readonly [one: number, other: number];

export const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** The value by all runs: the halves are of one size. */
export const whole = ([one, other]: Halves): number => (one + other) / 2;

const covariance = (xs: readonly number[], ys: readonly number[]): number => {
  const [x, y] = [meanOf(xs), meanOf(ys)];
  return xs.reduce((sum, value, i) => sum + (value - x) * (ys[i]! - y), 0) / xs.length;
};

/** Variance of the true values without the noise of their measurement; it may come out below 0 where they hardly differ. */
export const trueVariance = (truth: readonly Halves[]): number =>
  covariance(
    truth.map(([one]) => one),
    truth.map(([, other]) => other),
  );

/** The true share of the measured variance; the rest is noise. It is the correlation of two measurements by all runs each (Spearman–Brown). */
export function reliability(truth: readonly Halves[]): number {
  const all = truth.map(whole);
  return trueVariance(truth) / covariance(all, all);
}

/** Pearson's correlation of estimates with the true values, without the noise. NaN if either is constant. Chance may bring it beyond 1. */
export function truthCorrelation(estimates: readonly number[], truth: readonly Halves[]): number {
  const spread = covariance(estimates, estimates) * trueVariance(truth);
  return spread > 0 ? covariance(estimates, truth.map(whole)) / Math.sqrt(spread) : Number.NaN;
}

/** Root of the mean square of estimate − true value, without the noise. */
export const truthError = (estimates: readonly number[], truth: readonly Halves[]): number =>
  Math.sqrt(Math.max(0, meanOf(truth.map(([one, other], i) => (estimates[i]! - one) * (estimates[i]! - other)))));

/**
 * The share of true values above 0. Noise turns signs; the share of pairs of halves with different signs tells how many, as if every sign
 * were turned alike: p′ = p (1 − ε) + (1 − p) ε with 2 ε (1 − ε) of the pairs different.
 */
export function positiveTruths(truth: readonly Halves[]): number {
  const flipped = flipRate(truth);
  const seen = meanOf(truth.flatMap(([one, other]) => [Number(one > 0), Number(other > 0)]));
  return unflipped(seen, flipped);
}

/** The share of estimates with the sign of the true value, corrected in the same way. */
export function signAgreement(estimates: readonly number[], truth: readonly Halves[]): number {
  const agrees = (half: number, i: number) => Number(half > 0 === estimates[i]! > 0);
  const seen = meanOf(truth.flatMap(([one, other], i) => [agrees(one, i), agrees(other, i)]));
  return unflipped(seen, flipRate(truth));
}

/** ε, the share of signs that noise has turned; ½ if nothing but noise is left. */
function flipRate(truth: readonly Halves[]): number {
  const different = meanOf(truth.map(([one, other]) => Number(one > 0 !== other > 0)));
  return (1 - Math.sqrt(Math.max(0, 1 - 2 * different))) / 2;
}

const unflipped = (seen: number, flipped: number): number =>
  flipped < 0.5 ? Math.min(1, Math.max(0, (seen - flipped) / (1 - 2 * flipped))) : Number.NaN;

/** Draws of a bootstrap. */
const draws = 400;

/**
 * A statistic of rows with a 95 % interval by the bootstrap over episodes: rows of one episode share a fate, so episodes are drawn whole.
 * @param groups rows of each episode
 */
export function overEpisodes<Row>(
  groups: readonly (readonly Row[])[],
  statistic: (rows: readonly Row[]) => number,
  random: Random,
): Estimate {
  const value = groups.length === 0 ? Number.NaN : statistic(groups.flat());
  const found = Array.from({ length: groups.length > 1 ? draws : 0 }, () =>
    statistic(groups.flatMap(() => groups[random.integer(groups.length)]!)),
  )
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const at = (share: number) => found[Math.round(share * (found.length - 1))] ?? Number.NaN;
  return { value, low: at(0.025), high: at(0.975) };
}
