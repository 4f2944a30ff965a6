// Parts of an episode with ends of their own. A supervisor's take-over may end what came before it: the policy alone would not have reached what
// the correction reached. Without it, the return of a rescued episode hides that the policy was failing.
import { normalizedReturns, normalizedRewards, returns, rewards, type TaskScale } from "../recap/index.ts";
import { interventionColumn } from "./interventions.ts";
import { numbersOf, type TrainingData, type TrainingEpisode } from "./training-data.ts";

/**
 * What a take-over means for the frames before it: `goes-on`, their return goes on to the episode's end; `failure`, the policy has failed;
 * `bootstrap`, their return is cut off there, and the value of the frame at the take-over stands for the rest.
 */
export const takeOverMeanings = ["goes-on", "failure", "bootstrap"] as const;
export type TakeOverMeaning = (typeof takeOverMeanings)[number];

interface Part {
  /** First frame, and the one after the last. */
  readonly begin: number;
  readonly end: number;
  readonly success: boolean;
  /** The value that stands for what follows, if the return is cut off. */
  readonly rest: number | undefined;
}

/**
 * The parts of an episode, in order.
 * @param valueAt gives V of a frame, for `bootstrap`
 */
function partsOf(
  { length, success, takeOvers = [] }: TrainingEpisode,
  meaning: TakeOverMeaning,
  valueAt: (frame: number) => number,
): Part[] {
  const cuts = meaning === "goes-on" ? [] : takeOvers.filter((frame) => frame > 0);
  return [...cuts, length].map((end, at): Part => {
    const begin = cuts[at - 1] ?? 0;
    if (end === length) return { begin, end, success, rest: undefined };
    return { begin, end, success: false, rest: meaning === "bootstrap" ? valueAt(end) : undefined };
  });
}

/** The value targets of an episode, [length] in [−1, 0]. */
export function targetsOfParts(
  episode: TrainingEpisode,
  scale: TaskScale,
  meaning: TakeOverMeaning = "goes-on",
  valueAt: (frame: number) => number = () => -1,
): Float64Array {
  const targets = new Float64Array(episode.length);
  for (const { begin, end, success, rest } of partsOf(episode, meaning, valueAt)) {
    const length = end - begin;
    const part =
      rest === undefined
        ? normalizedReturns(returns(rewards(length, success, scale.failureCost)), success, scale)
        : Float64Array.from({ length }, (_, t) => Math.max(-1, rest - (length - t) / scale.stepsPerUnit));
    targets.set(part, begin);
  }
  return targets;
}

/** Rewards of a part in units of value, with what stands for the rest in the last of them: advantages then see it as they see an end. */
export interface RewardedPart {
  readonly begin: number;
  readonly end: number;
  /** In steps. */
  readonly raw: Float64Array;
  readonly normalized: Float64Array;
}

/** The rewards of an episode's parts. @param values V of its frames, [length] */
export function rewardsOfParts(
  episode: TrainingEpisode,
  scale: TaskScale,
  meaning: TakeOverMeaning,
  values: Float64Array,
): RewardedPart[] {
  return partsOf(episode, meaning, (frame) => values[frame]!).map(({ begin, end, success, rest }) => {
    const raw =
      rest === undefined ? rewards(end - begin, success, scale.failureCost) : new Float64Array(end - begin).fill(-1);
    const normalized = normalizedRewards(raw, scale);
    if (rest !== undefined) normalized[normalized.length - 1]! += rest;
    return { begin, end, raw, normalized };
  });
}

/** The episodes with the frames at which a person took over. */
export async function withTakeOvers(data: TrainingData): Promise<TrainingData> {
  const episodes: TrainingEpisode[] = [];
  for (const episode of data.episodes) {
    const dataset = data.datasets[episode.dataset]!;
    const column = interventionColumn(dataset);
    const acted = column && numbersOf((await dataset.columns(episode.episode, [column])).get(column));
    const takeOvers = acted ? [...acted.keys()].filter((t) => acted[t]! > 0.5 && !(t > 0 && acted[t - 1]! > 0.5)) : [];
    episodes.push({ ...episode, takeOvers });
  }
  return { ...data, episodes };
}
