// Learning-rate schedules.
/** Options of `warmupCosine`. */
export interface ScheduleOptions {
  /** The highest learning rate, reached after the warm-up. */
  readonly peak: number;
  /** Steps of linear warm-up, from peak / (warmup + 1). */
  readonly warmup: number;
  /** Steps in all, warm-up included. Afterwards the rate stays at `final`. */
  readonly total: number;
  /** The last learning rate; default 0. */
  readonly final?: number;
}

/**
 * The learning rate of step `step`, counted from 0: linear warm-up, then half a cosine, as openpi's
 * CosineDecaySchedule.
 * @throws RangeError unless 0 ≤ warmup < total
 */
export function warmupCosine(step: number, { peak, warmup, total, final = 0 }: ScheduleOptions): number {
  if (!(warmup >= 0 && total > warmup)) throw new RangeError(`Expected 0 ≤ warmup < total, got ${warmup} and ${total}`);
  const start = peak / (warmup + 1);
  if (step < warmup) return start + ((peak - start) * step) / warmup;
  const progress = Math.min(1, (step - warmup) / (total - warmup));
  return final + (peak - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
