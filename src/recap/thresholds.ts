// ε_ℓ, the threshold of a task: actions with a larger advantage count as an improvement. The paper chooses it by the share of positive
// frames: about 30 % of a task's pre-training data, 40 % of an iteration's rollouts, 10 % if a reliable policy should become fast.

/**
 * The ε for which A > ε holds for a share `positiveFraction` of the advantages. The number of positives is rounded down. Equal advantages
 * are never split: ties at ε make the positives fewer, and a constant advantage has none. Share 1 gives −Infinity, and everything is positive.
 *
 * @param advantages [N] of one task, N ≥ 1
 * @param positiveFraction from 0 to 1
 */
export function threshold(advantages: Float32Array | Float64Array, positiveFraction: number): number {
  if (!(positiveFraction >= 0 && positiveFraction <= 1))
    throw new RangeError(`Expected a positive fraction from 0 to 1, got ${positiveFraction}`);
  if (advantages.length === 0) throw new RangeError("Expected at least one advantage to set a threshold by, got none");
  const unset = advantages.findIndex(Number.isNaN);
  if (unset >= 0) throw new RangeError(`Expected advantages, got NaN at position ${unset}`);
  if (positiveFraction === 1) return -Infinity;
  const ascending = advantages.slice().sort();
  // 0.29 · 100 is 28.999… in floating point; the margin rounds it to 29.
  const positives = Math.min(Math.floor(positiveFraction * ascending.length + 1e-9), ascending.length - 1);
  return ascending[ascending.length - 1 - positives]!;
}

/**
 * ε of every task in `tasks`.
 *
 * @param advantages [N]
 * @param tasks [N], the task of each
 * @param positiveFraction for all tasks, or by task
 */
export function taskThresholds(
  advantages: Float32Array | Float64Array,
  tasks: ArrayLike<number>,
  positiveFraction: number | ReadonlyMap<number, number>,
): Map<number, number> {
  if (tasks.length !== advantages.length)
    throw new RangeError(`Expected a task for each of ${advantages.length} advantages, got ${tasks.length} tasks`);
  const places = new Map<number, number[]>();
  for (let at = 0; at < tasks.length; at++) {
    const known = places.get(tasks[at]!);
    if (known) known.push(at);
    else places.set(tasks[at]!, [at]);
  }
  return new Map(
    [...places].map(([task, at]) => {
      const fraction = typeof positiveFraction === "number" ? positiveFraction : positiveFraction.get(task);
      if (fraction === undefined) throw new RangeError(`Expected a positive fraction for task ${task}, got none`);
      return [
        task,
        threshold(
          Float64Array.from(at, (index) => advantages[index]!),
          fraction,
        ),
      ];
    }),
  );
}
