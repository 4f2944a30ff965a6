// The scale of a task: how many steps one unit of value is. The paper normalises values to (−1, 0) by the task's maximum episode length
// (π*0.6, section IV-A). It does not say where failures go, whose returns are lower by a large C_fail. Two obvious choices go wrong:
//   - Divide by max length + C_fail: successes are squeezed into a part of the bins, half of them for C_fail = max length.
//   - Divide by max length: failures fall below −1. Clamped, they share the bins of the slowest successes.
//
// Here the lowest of the B bins belongs to failures alone. One unit of value is
//     S = L · (B − 1) / (B − 2) steps,   L the task's maximum episode length.
// A success has a return of at least −(L − 1) steps, so its value stays above −1 + 1 / (B − 1), and none of its target's weight reaches
// bin 0. For B = 201 this costs successes half a percent of the range. A failure costs C_fail ≥ S, so every step of it is at or below −1
// and is clamped to −1, the centre of bin 0. By default C_fail = S: the last step of a failure is −1 without clamping. A larger C_fail
// changes no value target. It only lowers the advantages of the N steps before the failure.
import { checkBins, valueBins } from "./value-bins.ts";

export interface TaskScale {
  /** L: the longest episode of the task, in steps. */
  readonly maxLength: number;
  /** S: steps per unit of value. */
  readonly stepsPerUnit: number;
  /** C_fail in steps, at least `stepsPerUnit`. */
  readonly failureCost: number;
  readonly bins: number;
}

/**
 * The scale of a task whose longest episode has `maxLength` steps.
 *
 * @param failureCost C_fail in steps (default: one unit of value)
 * @throws RangeError if failures would share bins with successes
 */
export function taskScale(
  maxLength: number,
  { failureCost, bins = valueBins }: { failureCost?: number; bins?: number } = {},
): TaskScale {
  checkBins(bins);
  if (!Number.isInteger(maxLength) || maxLength < 1)
    throw new RangeError(`Expected the longest episode of a task to have at least 1 step, got ${maxLength}`);
  const stepsPerUnit = (maxLength * (bins - 1)) / (bins - 2);
  const cost = failureCost ?? stepsPerUnit;
  if (!(cost >= stepsPerUnit && cost < Infinity))
    throw new RangeError(
      `Expected a failure to cost at least ${stepsPerUnit.toFixed(2)} steps (longest episode ${maxLength}), got ${cost}: ` +
        "failures would fall into the bins of slow successes; leave failureCost out or raise it",
    );
  return { maxLength, stepsPerUnit, failureCost: cost, bins };
}

/** The scale of every task, from the lengths of its episodes: `tasks` and `lengths` are [episodes]. */
export function taskScales(
  tasks: ArrayLike<number>,
  lengths: ArrayLike<number>,
  options: { failureCost?: number; bins?: number } = {},
): Map<number, TaskScale> {
  const longest = new Map<number, number>();
  for (let episode = 0; episode < lengths.length; episode++)
    longest.set(tasks[episode]!, Math.max(longest.get(tasks[episode]!) ?? 0, lengths[episode]!));
  return new Map([...longest].map(([task, length]) => [task, taskScale(length, options)]));
}

/**
 * The returns of one episode as targets of the value function. Successes stay within [−1 + 1/(B − 1), 0], also those longer than
 * `maxLength` (a later, slower episode under an older scale). Failures are −1 at every step.
 *
 * @param returns [T] in steps
 * @returns [T] in [−1, 0]
 */
export function normalizedReturns(returns: Float64Array, success: boolean, scale: TaskScale): Float64Array {
  const lowest = success ? -(scale.bins - 2) / (scale.bins - 1) : -1;
  return returns.map((steps, t) => {
    if (Number.isNaN(steps)) throw new RangeError(`Expected returns in steps, got NaN at step ${t}`);
    return Math.min(0, Math.max(lowest, steps / scale.stepsPerUnit));
  });
}

/**
 * Rewards in units of value, for advantages. They are not clamped: the value of a failure cannot fall below −1, but its time still costs.
 * With clamped rewards every step of a stuck robot would have advantage 0.
 */
export function normalizedRewards(rewards: Float64Array, scale: TaskScale): Float64Array {
  return rewards.map((steps) => steps / scale.stepsPerUnit);
}
