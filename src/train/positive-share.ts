// The share of positive frames in a training's batches.
import type { Batch, BatchSource } from "../data/index.ts";

/** The sources of a training's batches, and which of its samples say their indicator. */
export interface SharedSources {
  readonly sources: readonly BatchSource[];
  /** Of each sample of a batch, [B]. */
  readonly saysIndicator: (batch: Pick<Batch, "source">) => boolean[];
}

/**
 * Draws samples with the indicator in the prompt positive for `share` of the time. A policy that acts is asked for "positive", but most
 * frames are negative. The share does not change which actions are right given the indicator; it decides how much is learned of each.
 *
 * Samples without the indicator are drawn as the frames lie in the data. They teach the unconditional policy, from which classifier-free
 * guidance extrapolates; drawn by the share, it would be another policy. Every source is drawn from as often as before. A source with
 * frames of one kind stays as it is.
 *
 * @param share of positive frames, from 0 to 1
 * @param dropout share of samples without the indicator
 * @returns the sources with their positive frames, then the same ones with their other frames, then with all frames
 */
export function withPositiveShare(sources: readonly BatchSource[], share: number, dropout: number): SharedSources {
  const of = (isPositive: boolean) =>
    sources.map((source): BatchSource => {
      const { frames, advantageIndicator } = source;
      const those = frames.filter((frame) => (advantageIndicator[frame] === 1) === isPositive);
      const part = those.length === frames.length ? 1 : isPositive ? share : 1 - share;
      return { ...source, frames: those, weight: those.length === 0 ? 0 : part * (1 - dropout) * weightOf(source) };
    });
  const without = sources.map((source): BatchSource => ({ ...source, weight: dropout * weightOf(source) }));
  return {
    sources: [...of(true), ...of(false), ...without],
    saysIndicator: ({ source: drawnFrom }) => Array.from(drawnFrom, (at) => at < 2 * sources.length),
  };
}

const weightOf = ({ weight, frames }: BatchSource): number => weight ?? frames.length;
