import { returns } from "./returns.ts";

/**
 * The N-step advantages of one episode (π*0.6 paper, section IV-B):
 * A(o_t, a_t) = Σ_{t' = t}^{t+N−1} r_t' + V(o_{t+N}) − V(o_t). If t + N is beyond the last step, the sum runs to the end and
 * there is no V(o_{t+N}). N ≥ T thus gives R_t − V(o_t).
 *
 * @param rewards [T] in units of value: `normalizedRewards`
 * @param values [T], V(o_t) in [−1, 0]
 * @param lookahead N in steps. The paper takes the whole episode (`Infinity`) for pre-training and 50 steps at 50 Hz for
 *   fine-tuning. Scale it with the control rate
 * @returns [T]
 */
export function advantages(
  rewards: Float32Array | Float64Array,
  values: Float32Array | Float64Array,
  lookahead: number,
): Float64Array {
  if (rewards.length !== values.length)
    throw new RangeError(`Expected a value for each of ${rewards.length} rewards, got ${values.length} values`);
  if (!(lookahead === Infinity || (Number.isInteger(lookahead) && lookahead >= 1)))
    throw new RangeError(`Expected a whole number of at least 1 step, or Infinity, got ${lookahead}`);
  const toEnd = returns(rewards);
  const length = rewards.length;
  return toEnd.map((sum, t) => {
    const next = t + lookahead;
    const advantage = next < length ? sum - toEnd[next]! + values[next]! - values[t]! : sum - values[t]!;
    if (Number.isNaN(advantage)) throw new RangeError(`Expected finite rewards and values, got NaN at step ${t}`);
    return advantage;
  });
}
