// True values from the outcomes of runs: mean normalised returns, as the value function's targets are normalised.
import type { TaskScales } from "../policy/index.ts";
import { normalizedReturns, type TaskScale } from "../recap/index.ts";
import type { ValueSource } from "../train/index.ts";
import type { RunRound } from "./runs-file.ts";
import { type Halves, meanOf, whole } from "./split-halves.ts";

/** The audited moments of an episode, in order. */
export interface EpisodeTruth {
  readonly episode: number;
  /** Each moment's frame. */
  readonly frames: readonly number[];
  /** Its value by each half of the runs. */
  readonly values: readonly Halves[];
  /** Runs from each moment. */
  readonly runs: readonly number[];
}

/** The return of a run from a moment, in [−1, 0]: −(periods − 1) steps for a success, −1 for a failure. */
export function runReturn(periods: number | null, scale: TaskScale): number {
  if (periods === null) return -1;
  return normalizedReturns(Float64Array.of(-(periods - 1)), true, scale)[0]!;
}

/** The true values of each audited episode, in the order of the episodes. @param scaleOf the scale of an episode's task */
export function episodeTruths(rounds: readonly RunRound[], scaleOf: (episode: number) => TaskScale): EpisodeTruth[] {
  const byEpisode = new Map<number, RunRound[]>();
  for (const round of rounds) byEpisode.set(round.episode, [...(byEpisode.get(round.episode) ?? []), round]);
  return [...byEpisode.entries()]
    .sort(([a], [b]) => a - b)
    .map(([episode, own]) => {
      const scale = scaleOf(episode);
      const outcomes = new Map<number, RunRound["moments"][number][]>();
      for (const moment of own.flatMap(({ moments }) => moments))
        outcomes.set(moment[0], [...(outcomes.get(moment[0]) ?? []), moment]);
      const frames = [...outcomes.keys()].sort((a, b) => a - b);
      const half = (frame: number, which: 1 | 2) =>
        meanOf(outcomes.get(frame)!.map((moment) => runReturn(moment[which], scale)));
      return {
        episode,
        frames,
        values: frames.map((frame): Halves => [half(frame, 1), half(frame, 2)]),
        runs: frames.map((frame) => 2 * outcomes.get(frame)!.length),
      };
    });
}

/**
 * Values of all frames of an episode, linear between its moments. The value of the episode's end is known: 0 for a success, −1 for a
 * failure.
 * @returns [length]
 */
export function betweenMoments(
  frames: readonly number[],
  values: readonly number[],
  { length, success }: { readonly length: number; readonly success: boolean },
): Float64Array {
  const end = frames.at(-1) === length - 1 ? [] : [[length - 1, success ? 0 : -1] as const];
  const anchors = [...frames.map((frame, i) => [frame, values[i]!] as const), ...end];
  let at = 0;
  return Float64Array.from({ length }, (_, frame) => {
    while (at + 1 < anchors.length && anchors[at + 1]![0] <= frame) at++;
    const [[from, low], [to, high]] = [anchors[at]!, anchors[at + 1] ?? anchors[at]!];
    return frame === from ? low : low + ((high - low) * (frame - from)) / (to - from);
  });
}

/**
 * The true values of audited episodes as a source of labels: oracle labels.
 * @param scales of the value function, for the same unit
 */
export const trueValues = (rounds: readonly RunRound[], scales: TaskScales): ValueSource => ({
  scales: async () => scales,
  async of({ episodes }) {
    const tasks = new Map(episodes.map(({ episode, task }) => [episode, task]));
    const known = rounds.filter(({ episode }) => tasks.has(episode));
    const truths = new Map(
      episodeTruths(known, (episode) => scales[tasks.get(episode)!]!).map((truth) => [truth.episode, truth]),
    );
    return episodes.map((episode) => {
      const { frames, values } = truths.get(episode.episode)!;
      return betweenMoments(frames, values.map(whole), episode);
    });
  },
});
