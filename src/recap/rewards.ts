// The reward of RECAP (π*0.6 paper, section IV): time costs, failing costs more.

/**
 * The rewards of one episode, in steps: −1 at every step but the last, where a success gets 0 and a failure −`failureCost`.
 *
 * @param length number of steps, at least 1
 * @param failureCost the paper's C_fail, which it does not disclose; see `TaskScale`
 * @returns [length]
 */
export function rewards(length: number, success: boolean, failureCost: number): Float64Array {
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`Expected an episode of at least 1 step, got ${length}`);
  if (!(failureCost >= 0 && failureCost < Infinity))
    throw new RangeError(`Expected the cost of a failure to be a number of steps from 0 up, got ${failureCost}`);
  const result = new Float64Array(length).fill(-1);
  result[length - 1] = success ? 0 : -failureCost;
  return result;
}
