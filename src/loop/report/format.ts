// Numbers for readers: with unit, sign and interval. A summary read from JSON has null for a number that is not finite;
// all such numbers are shown as a dash. Spaces within a number and its unit do not break.
import type { Estimate } from "../../rollout/index.ts";
import { dash, finite, type Maybe, space } from "../../system/index.ts";

export { duration, finite, number, seconds } from "../../system/index.ts";

/** A share as "46 %", with a decimal if whole per cent would read as none or all. */
export function percent(share: Maybe): string {
  return finite(share) ? `${percentDigits(share)}${space}%` : dash;
}

/** "46 % (36 … 56)". */
export function percentEstimate({ value, low, high }: Estimate): string {
  return `${percent(value)}${space}(${percentInterval({ low, high })})`;
}

/** "36 … 56", to follow something in per cent. */
export function percentInterval({ low, high }: Pick<Estimate, "low" | "high">): string {
  return range(low, high, percentDigits);
}

/** A difference of shares, in percentage points: "+32". */
export function points(difference: Maybe): string {
  if (!finite(difference)) return dash;
  // Means leave rests of rounding, such as 1e-17.
  const value = Math.abs(difference) < 1e-12 ? 0 : 100 * difference;
  return sign(Math.abs(value) < 1 ? Number(value.toPrecision(1)) : Math.round(value));
}

/** "+18 … +45". */
export const pointsInterval = ({ low, high }: Pick<Estimate, "low" | "high">): string => range(low, high, points);

/** "+32 (+18 … +45)". */
export const pointsEstimate = (difference: Estimate): string =>
  `${points(difference.value)}${space}(${pointsInterval(difference)})`;

/** "×2.1"; with two decimals up to 1.1, to show the side of 1 and of a half. */
const ratio = (x: Maybe): string => (finite(x) ? `×${ratioDigits(x)}` : dash);

/** "×2.1 (1.6 … 2.8)". */
export const ratioEstimate = ({ value, low, high }: Estimate): string =>
  `${ratio(value)}${space}(${range(low, high, ratioDigits)})`;

/** "132 (110 … 158)", all with the decimals of the largest at three significant digits. */
export function estimate({ value, low, high }: Estimate): string {
  const largest = Math.max(0, ...[value, low, high].filter(finite).map(Math.abs));
  const decimals = largest > 0 ? Math.max(2 - Math.floor(Math.log10(largest)), 0) : 0;
  const digits = (x: number) =>
    x.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return `${finite(value) ? digits(value) : dash}${space}(${range(low, high, digits)})`;
}

/** A p-value: "0.012", "< 0.001". */
export function probability(p: Maybe): string {
  if (!finite(p)) return dash;
  return p < 0.001 ? `<${space}0.001` : p.toFixed(p < 0.1 ? 3 : 2);
}

/** "a, b and c". */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function range(low: Maybe, high: Maybe, digits: (x: number) => string): string {
  const side = (x: Maybe) => (finite(x) ? digits(x) : dash);
  return `${side(low)}${space}…${space}${side(high)}`;
}

function percentDigits(share: number): string {
  const whole = Math.round(100 * share);
  const extreme = whole === 0 || whole === 100;
  return extreme && whole !== 100 * share ? (100 * share).toFixed(1) : String(whole);
}

function ratioDigits(x: number): string {
  return x.toFixed(x < 1.1 ? 2 : x < 10 ? 1 : 0);
}

function sign(x: number): string {
  return x > 0 ? `+${x}` : x < 0 ? `−${-x}` : "0";
}
