// The share of positive frames in a training's batches.
import type { BatchSource } from "../data/index.ts";

/**
 * Draws positive frames `share` of the time. A policy that acts is asked for "positive", but most frames are negative. The share does not
 * change which actions are right given the indicator; it decides how much is learned of each. Every source is drawn from as often as before.
 * A source with frames of one kind stays as it is.
 *
 * @param share from 0 to 1
 * @returns the sources with their positive frames, then the same ones with their other frames
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
