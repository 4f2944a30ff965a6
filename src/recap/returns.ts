/**
 * The undiscounted returns R_t = Σ_{t' ≥ t} r_t' of one episode, in the unit of its rewards.
 *
 * @param rewards [T]
 * @returns [T]. For a success under `rewards`, R_t is −(steps left)
 */
export function returns(rewards: Float32Array | Float64Array): Float64Array {
  const result = new Float64Array(rewards.length);
  let sum = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    sum += rewards[t]!;
    result[t] = sum;
  }
  return result;
}
