// The reward of RECAP (π*0.6 paper, section IV). Every step costs 1, and a failure costs C_fail at its end.

/**
 * The rewards of one episode, in steps. Every step but the last gets −1. The last gets 0 in a success and −`failureCost` in a failure.
 *
 * @param length number of steps, at least 1
 * @param failureCost C_fail in steps. The paper does not give its value; `taskScale` chooses one
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
