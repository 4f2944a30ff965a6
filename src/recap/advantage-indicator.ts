/**
 * The advantage indicator I_t = 1[A(o_t, a_t) > ε_ℓ] (π*0.6 paper, section IV-B; it calls it the improvement indicator). The comparison is
 * strict. Steps in which a person acted are positive whatever their advantage.
 *
 * @param advantages [N]
 * @param tasks [N], the task of each step
 * @param thresholds ε by task
 * @param forced [N], 1 for steps that are positive whatever their advantage (default: none)
 * @returns [N], 1 for positive, 0 for negative
 * @throws RangeError for other lengths, NaN, or a task without a threshold
 */
export function advantageIndicators(
  advantages: Float32Array | Float64Array,
  tasks: ArrayLike<number>,
  thresholds: ReadonlyMap<number, number>,
  forced?: Uint8Array,
): Uint8Array {
  if (tasks.length !== advantages.length || (forced && forced.length !== advantages.length))
    throw new RangeError(
      `Expected a task and a flag for each of ${advantages.length} advantages, got ${tasks.length} tasks` +
        (forced ? ` and ${forced.length} flags` : ""),
    );
  return Uint8Array.from(advantages, (advantage, at) => {
    if (forced?.[at]) return 1;
    const threshold = thresholds.get(tasks[at]!);
    if (threshold === undefined) throw new RangeError(`Expected a threshold for task ${tasks[at]}, got none`);
    if (Number.isNaN(advantage)) throw new RangeError(`Expected advantages, got NaN at position ${at}`);
    return advantage > threshold ? 1 : 0;
  });
}
