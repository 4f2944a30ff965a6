// Intervals for two policies on the same episodes, and for throughputs. They stay honest at the edges: few episodes, all or none solved.
import type { Random } from "../system/index.ts";
import { type Estimate, quantile, wilson, z } from "./statistics.ts";

/** Episodes by how two policies ended them. */
export interface PairedCounts {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/**
 * Difference of two success rates on the same episodes, first minus second, with Newcombe's 95 % interval: Wilson's intervals of both rates
 * combined by their correlation (method 10 of Newcombe 1998, Statistics in Medicine 17, 2635–2650).
 */
export function pairedDifference({ both, onlyFirst, onlySecond, neither }: PairedCounts): Estimate {
  const n = both + onlyFirst + onlySecond + neither;
  const first = wilson(both + onlyFirst, n);
  const second = wilson(both + onlySecond, n);
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  const product = both * neither - onlyFirst * onlySecond;
  // The continuity correction applies to positive correlation alone.
  const corrected = product > 0 ? Math.max(0, product - n / 2) : product;
  const correlation = margins === 0 ? 0 : corrected / Math.sqrt(margins);
  const combined = (one: number, other: number) =>
    Math.sqrt(Math.max(0, one ** 2 - 2 * correlation * one * other + other ** 2));
  const value = first.value - second.value;
  return {
    value,
    low: Math.max(-1, value - combined(first.value - first.low, second.high - second.value)),
    high: Math.min(1, value + combined(first.high - first.value, second.value - second.low)),
  };
}

/**
 * Ratio of two rates of the same event on the same episodes, first to second, with the hybrid Wilson interval of Bonett and Price (2006,
 * Journal of Educational and Behavioral Statistics 31, 159–170). Null if the second never had the event: the ratio is not
 * estimable.
 *
 * @param both episodes with the event under both; onlyFirst, onlySecond: under one alone
 */
export function pairedRatio({ both, onlyFirst, onlySecond }: Omit<PairedCounts, "neither">): Estimate | null {
  const [first, second] = [both + onlyFirst, both + onlySecond];
  const n = both + onlyFirst + onlySecond;
  if (second === 0) return null;
  const spread = Math.sqrt((onlyFirst + onlySecond + 2) / ((first + 1) * (second + 1)));
  const own = (count: number) => Math.sqrt((1 - (count + 1) / (n + 2)) / (count + 1));
  const quantile95 = (spread / (own(first) + own(second))) * z;
  const bounds = (count: number) => {
    const half = quantile95 * Math.sqrt(quantile95 ** 2 + 4 * count * (1 - count / n));
    const middle = 2 * count + quantile95 ** 2;
    return [Math.max(0, middle - half), middle + half] as const;
  };
  const [[firstLow, firstHigh], [secondLow, secondHigh]] = [bounds(first), bounds(second)];
  return {
    value: first / second,
    low: firstLow / secondHigh,
    high: firstHigh / secondLow,
  };
}

/** An episode, as throughput counts it. */
export interface TimedOutcome {
  readonly success: boolean;
  /** Robot time with its reset. */
  readonly seconds: number;
}

/** Draws of the Bayesian bootstrap. */
const draws = 2000;

/**
 * Successes an hour with a 95 % interval. The interval is the Bayesian bootstrap's (Rubin 1981, Annals of Statistics 9, 130–134) with half a
 * success and half a failure added to the data, as Jeffreys' interval of a rate does, so that all or none solved is no certainty.
 */
export function throughputInterval(episodes: readonly TimedOutcome[], random: Random): Estimate {
  const [success, failure] = pseudoEpisodes(episodes);
  const all = [...episodes, success, failure];
  const values = weightings(episodes.length, 2, random, (weights) => throughputOf(all, weights));
  return { value: throughputOf(episodes), ...central(values) };
}

/**
 * Throughput of the first policy divided by the second's, on the same episodes, with the same kind of interval. Half a pair solved by the
 * first alone and half a pair solved by the second alone are added. Null if the second never succeeded: the ratio is not estimable.
 */
export function throughputRatio(
  pairs: readonly (readonly [TimedOutcome, TimedOutcome])[],
  random: Random,
): Estimate | null {
  const [first, second] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
  if (!second.some(({ success }) => success)) return null;
  const [success, failure] = pseudoEpisodes([...first, ...second]);
  const [ours, theirs] = [
    [...first, success, failure],
    [...second, failure, success],
  ];
  const values = weightings(
    pairs.length,
    2,
    random,
    (weights) => throughputOf(ours, weights) / throughputOf(theirs, weights),
  );
  return { value: throughputOf(first) / throughputOf(second), ...central(values) };
}

/** Successes an hour; episodes count by their weights, or all alike. */
export function throughputOf(episodes: readonly TimedOutcome[], weights?: Float64Array): number {
  let [successes, seconds] = [0, 0];
  for (const [i, episode] of episodes.entries()) {
    const weight = weights?.[i] ?? 1;
    if (episode.success) successes += weight;
    seconds += weight * episode.seconds;
  }
  return (3600 * successes) / seconds;
}

/** A success of mean length and a failure as long as the longest episode; without successes one of half that length. */
function pseudoEpisodes(episodes: readonly TimedOutcome[]): readonly [TimedOutcome, TimedOutcome] {
  const longest = Math.max(...episodes.map(({ seconds }) => seconds));
  const times = episodes.filter(({ success }) => success).map(({ seconds }) => seconds);
  const mean = times.length === 0 ? longest / 2 : times.reduce((sum, time) => sum + time, 0) / times.length;
  return [
    { success: true, seconds: mean },
    { success: false, seconds: longest },
  ];
}

/** Dirichlet weights: 1 for each of `whole` episodes, then ½ for each of `halves`, up to a factor that no ratio sees. */
function weightings(
  whole: number,
  halves: number,
  random: Random,
  statistic: (weights: Float64Array) => number,
): number[] {
  return Array.from({ length: draws }, () => {
    const weights = Float64Array.from({ length: whole + halves }, (_, i) =>
      i < whole ? -Math.log(1 - random.uniform()) : random.normal() ** 2 / 2,
    );
    return statistic(weights);
  });
}

function central(values: number[]): { readonly low: number; readonly high: number } {
  values.sort((a, b) => a - b);
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}
