// How often a training sees frames whose advantage is positive.
import type { BatchSource } from "../data/index.ts";

/**
 * Draws positive frames `share` of the time, of each source as often as before: it becomes two, its positive frames and its others, first all
 * of the former. Run time asks for "positive" alone, and failures and rollouts to learn from are most of the data; how often a word is
 * seen does not change what is learned of actions given that word, but how well. Where a source has only the one kind it stays as it is.
 *
 * @param share from 0 to 1
 * @returns twice as many pools, of source i at i and at i + sources.length
 */
export function withPositiveShare(sources: readonly BatchSource[], share: number): BatchSource[] {
  const of = (isPositive: boolean) =>
    sources.map((source): BatchSource => {
      const { frames, advantageIndicator, weight = frames.length } = source;
      const those = frames.filter((frame) => (advantageIndicator[frame] === 1) === isPositive);
      const part = those.length === frames.length ? 1 : isPositive ? share : 1 - share;
      return { ...source, frames: those, weight: those.length === 0 ? 0 : part * weight };
    });
  return [...of(true), ...of(false)];
}
