// Scales of charts: a domain with round ends, its ticks, and the map from data to picture.
import { finite } from "./format.ts";

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** A tick with as many decimals as the step needs. */
  readonly label: (tick: number) => string;
}

/**
 * An axis about all finite `values`, widened to whole steps of 1, 2 or 5 times a power of ten.
 * Without values it is 0 to 1; about a single value it has some room on both sides.
 *
 * @param intervals about how many steps it should have
 */
export function axis(values: readonly number[], intervals = 5): Axis {
  let [low, high] = extent(values);
  if (low > high) [low, high] = [0, 1];
  if (low === high) {
    const room = Math.abs(low) / 2 || 0.5;
    [low, high] = [low - room, high + room];
  }
  const step = roundStep((high - low) / intervals);
  // 1e-9: a domain that ends at a tick, up to rounding, gains no further step.
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(decimals)),
  );
  return {
    low: ticks[0]!,
    high: ticks.at(-1)!,
    ticks,
    label: (tick) =>
      tick.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−"),
  };
}

/** The same, but ended at the least and the greatest value instead of at round numbers. */
export function tightAxis(values: readonly number[], intervals = 4): Axis {
  const drawn = axis(values, intervals);
  const [low, high] = extent(values);
  return low < high ? { ...drawn, low, high, ticks: drawn.ticks.filter((tick) => tick >= low && tick <= high) } : drawn;
}

/** The least and the greatest finite value; of none [∞, −∞]. */
function extent(values: readonly number[]): [number, number] {
  return values
    .filter(finite)
    .reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

/** The smallest of 1, 2, 5 times a power of ten from `least` on. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Maps the axis to the picture from `start` to `end`. Values outside go to the nearer end. */
export function scale({ low, high }: Axis, start: number, end: number): (x: number) => number {
  return (x) => round(start + Math.min(Math.max((x - low) / (high - low), 0), 1) * (end - start));
}

/** To hundredths of a pixel: more digits only make the file long. */
export const round = (x: number): number => Math.round(100 * x) / 100;
