// Numbers as people read them: three significant digits, a real minus, and a space before the unit that does not break.

export type Maybe = number | null | undefined;

/** Stands for a number that is not finite. */
export const dash = "–";
/** Does not break. */
export const space = "\u00a0";

/** Whether it is a number that can be drawn and compared. */
export const finite = (x: unknown): x is number => typeof x === "number" && Number.isFinite(x);

/** To three significant digits, with a real minus: "0.0123", "4,210". */
export function number(x: Maybe): string {
  if (!finite(x)) return dash;
  return x
    .toLocaleString("en", Math.abs(x) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })
    .replace("-", "−");
}

/** "6.4 s". */
export const seconds = (x: Maybe): string => (finite(x) ? `${x.toFixed(1)}${space}s` : dash);

/** A duration of any length: "0.4 s", "48 s", "3 min 05 s", "2 h 07 min". */
export function duration(length: Maybe): string {
  if (!finite(length)) return dash;
  if (length < 9.95) return seconds(length);
  const whole = Math.round(length);
  if (whole < 60) return `${whole}${space}s`;
  const [large, small, units] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, ["min", "s"]]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ["h", "min"]];
  return `${large}${space}${units[0]}${space}${String(small).padStart(2, "0")}${space}${units[1]}`;
}
