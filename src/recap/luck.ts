// How much of the advantages may be luck. Advantages from sampled returns, R_t − V(o_t), hold the luck of all that follows. Take frames of one
// task at about the same time: V says what is known of the state, and R_t − V what is not. If advantages spread much further than values, the
// largest ones belong to lucky episodes (docs/guides/theorem.md).

/** Standard deviations among neighbours, in units of value. */
export interface NeighbourSpread {
  readonly advantages: number;
  readonly values: number;
}

/** Neighbours are frames of one task within a tenth of its longest episode. */
const timesOfTask = 10;
/** Advantages that spread twice as far as values: the state explains less than a fifth of the variance of returns. */
const luckyRatio = 2;

/**
 * The spread of advantages and of values among neighbours in time, pooled over the tasks.
 *
 * @param advantages [N]; R − V for the luck of whole returns
 * @param values [N], V
 * @param tasks [N], the task of each frame
 * @param times [N], the frame's number within its episode
 * @returns null if no frame has a neighbour
 */
export function neighbourSpread(
  advantages: ArrayLike<number>,
  values: ArrayLike<number>,
  tasks: ArrayLike<unknown>,
  times: ArrayLike<number>,
): NeighbourSpread | null {
  const longest = new Map<unknown, number>();
  for (let at = 0; at < times.length; at++)
    longest.set(tasks[at], Math.max(longest.get(tasks[at]) ?? 0, times[at]! + 1));
  const groups = new Map<unknown, Map<number, number[]>>([...longest.keys()].map((task) => [task, new Map()]));
  for (let at = 0; at < times.length; at++) {
    const ofTask = groups.get(tasks[at])!;
    const time = Math.floor((timesOfTask * times[at]!) / longest.get(tasks[at])!);
    const group = ofTask.get(time);
    if (group) group.push(at);
    else ofTask.set(time, [at]);
  }
  const neighbours = [...groups.values()].flatMap((ofTask) => [...ofTask.values()]).filter(({ length }) => length > 1);
  if (neighbours.length === 0) return null;
  return { advantages: pooled(advantages, neighbours), values: pooled(values, neighbours) };
}

/** Whether labels of such advantages would choose luck. */
export const seeksLuck = ({ advantages, values }: NeighbourSpread): boolean => advantages > luckyRatio * values;

/** The standard deviation within groups. */
function pooled(numbers: ArrayLike<number>, groups: readonly (readonly number[])[]): number {
  let [squares, freedom] = [0, 0];
  for (const group of groups) {
    const mean = group.reduce((sum, at) => sum + numbers[at]!, 0) / group.length;
    for (const at of group) squares += (numbers[at]! - mean) ** 2;
    freedom += group.length - 1;
  }
  return Math.sqrt(squares / freedom);
}
