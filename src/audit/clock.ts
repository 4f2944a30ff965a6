// The trivial value function, a clock: the mean return of a task's episodes by time. It is asked of each episode without that episode.
import type { ValuedEpisode } from "../train/index.ts";

type Returned = Pick<ValuedEpisode, "episode" | "task"> & { readonly returns: ArrayLike<number> };

/**
 * The mean return of the task's other episodes at a frame. After the longest of them it stays the same.
 * @returns NaN if the task has no other episode
 */
export function clockWithout(episodes: readonly Returned[]): (episode: number, frame: number) => number {
  const sums = new Map<string, { readonly sum: Float64Array; readonly count: Float64Array }>();
  const longest = Math.max(...episodes.map(({ returns }) => returns.length));
  for (const { task, returns } of episodes) {
    const of = sums.get(task) ?? { sum: new Float64Array(longest), count: new Float64Array(longest) };
    sums.set(task, of);
    for (let frame = 0; frame < returns.length; frame++) {
      of.sum[frame]! += returns[frame]!;
      of.count[frame]!++;
    }
  }
  const own = new Map(episodes.map((episode) => [episode.episode, episode]));
  return (episode, frame) => {
    const { task, returns } = own.get(episode)!;
    const { sum, count } = sums.get(task)!;
    for (let at = frame; at >= 0; at--) {
      const itself = at < returns.length;
      const others = count[at]! - Number(itself);
      if (others > 0) return (sum[at]! - (itself ? returns[at]! : 0)) / others;
    }
    return Number.NaN;
  };
}
