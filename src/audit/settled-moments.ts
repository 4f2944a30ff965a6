// Moments that have runs enough. Most runs from failed episodes fail, each after all of the time that is left, and say nothing new. A moment is
// settled if all runs from it and from the moments around it have failed, ten or more together. Its value then counts as −1.
//
// If runs succeed there with probability p, all ten fail with probability (1 − p)¹⁰, and leaving further runs out lowers the mean of the estimates by
// less than p (1 − p)¹⁰, at most 0.035.
import type { RunRound } from "./runs-file.ts";

/** Seconds on either side. */
const around = 2;
/** Failed runs that settle a moment. */
const enough = 10;

/** Frames of the settled moments of an episode, by its rounds so far. */
export function settledMoments(rounds: readonly RunRound[], fps: number): number[] {
  const outcomes = rounds.flatMap(({ moments }) => moments);
  const frames = [...new Set(outcomes.map(([frame]) => frame))];
  return frames.filter((frame) => {
    const near = outcomes.filter(([other]) => Math.abs(other - frame) <= around * fps);
    return 2 * near.length >= enough && near.every(([, one, other]) => one === null && other === null);
  });
}
