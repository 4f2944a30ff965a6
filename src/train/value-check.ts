// Judges whether the labels of a value function can be trusted. A value function that has memorised its episodes knows every return: all
// advantages are about 0 then, and the labels are noise. One that knows little of the state leaves luck in the advantages. All numbers are of
// held-out episodes unless they say otherwise.
import { neighbourSpread, seeksLuck } from "../recap/index.ts";
import type { TrainingEpisode } from "./training-data.ts";

/** A frame's target and its predicted value. */
export interface Judged {
  readonly episode: TrainingEpisode;
  /** 0 is the episode's first. */
  readonly frame: number;
  /** Normalised return. */
  readonly target: number;
  /** V, the expectation over the bins. */
  readonly value: number;
  /** Cross-entropy against the target, nats. */
  readonly crossEntropy: number;
}

export interface ValueCheck {
  readonly trainCrossEntropy: number;
  readonly heldOutCrossEntropy: number;
  /** Mean |V − return|. */
  readonly heldOutError: number;
  /** The same for a trivial value function: the mean return of the training episodes at that time. */
  readonly baselineError: number;
  /** At the first frame: mean V of successes minus mean V of failures. Null without both. */
  readonly firstFrameGap: number | null;
  /** Mid-episode: probability that a success has a higher V than a failure of the same task. Null without both. */
  readonly auc: number | null;
  /** Numbers of held-out successes and failures. With few of them `auc` says little. */
  readonly successes: number;
  readonly failures: number;
  /** Standard deviation of return − V on held-out and on training episodes. */
  readonly advantageSpread: number;
  readonly trainAdvantageSpread: number;
  readonly warnings: readonly string[];
}

/**
 * Computes the check.
 * @param trained frames of training episodes
 * @param heldOut frames of held-out episodes. The first and the middle frame of each episode are among both
 */
export function valueCheck(
  trained: readonly Judged[],
  heldOut: readonly Judged[],
  baseline: (task: string, frame: number) => number,
): ValueCheck {
  const mean = (frames: readonly Judged[], of: (judged: Judged) => number) =>
    frames.reduce((sum, judged) => sum + of(judged), 0) / frames.length;
  const firsts = heldOut.filter(({ frame }) => frame === 0);
  const valuesOf = (frames: readonly Judged[], success: boolean) =>
    frames.filter(({ episode }) => episode.success === success);
  const [won, lost] = [valuesOf(firsts, true), valuesOf(firsts, false)];
  const both = won.length > 0 && lost.length > 0;
  const found = {
    trainCrossEntropy: mean(trained, ({ crossEntropy }) => crossEntropy),
    heldOutCrossEntropy: mean(heldOut, ({ crossEntropy }) => crossEntropy),
    heldOutError: mean(heldOut, ({ value, target }) => Math.abs(value - target)),
    baselineError: mean(heldOut, ({ episode, frame, target }) => Math.abs(baseline(episode.task, frame) - target)),
    firstFrameGap: both ? mean(won, ({ value }) => value) - mean(lost, ({ value }) => value) : null,
    successes: won.length,
    failures: lost.length,
    auc: rankingAuc(heldOut.filter(({ episode, frame }) => frame === middle(episode))),
    advantageSpread: spread(heldOut),
    trainAdvantageSpread: spread(trained),
  };
  return { ...found, warnings: [...valueWarnings(found), ...luckWarnings(heldOut)] };
}

export const middle = ({ length }: Pick<TrainingEpisode, "length">): number => Math.floor((length - 1) / 2);

/** Over the pairs of a success and a failure of one task: the share in which the success has the higher value. Ties count half. */
export function rankingAuc(frames: readonly Pick<Judged, "episode" | "value">[]): number | null {
  let [pairs, right] = [0, 0];
  for (const won of frames)
    for (const lost of frames) {
      if (!won.episode.success || lost.episode.success || won.episode.task !== lost.episode.task) continue;
      pairs++;
      right += won.value > lost.value ? 1 : won.value === lost.value ? 0.5 : 0;
    }
  return pairs === 0 ? null : right / pairs;
}

function spread(frames: readonly Judged[]): number {
  const advantages = frames.map(({ target, value }) => target - value);
  const mean = advantages.reduce((sum, a) => sum + a, 0) / advantages.length;
  return Math.sqrt(advantages.reduce((sum, a) => sum + (a - mean) ** 2, 0) / advantages.length);
}

/**
 * Memorised: training advantages spread less than a third as far as held-out ones. Without memorising the spreads are alike; the wide
 * margin keeps the noise of few frames from giving a warning.
 */
const memorisedSpread = 1 / 3;
/** Overfitting: so many nats of cross-entropy more on held-out episodes. e^1.5 is a probability 4.5 times smaller for the right bin. */
const overfittingNats = 1.5;
/** Below so many right pairs the ranking is hardly better than chance, 0.5. */
const lowestAuc = 0.6;
/** With fewer successes or failures the share of right pairs is unsure. */
const fewEpisodes = 5;

/** What is wrong, in words; empty if all is well. */
export function valueWarnings(check: Omit<ValueCheck, "warnings">): string[] {
  const warnings: string[] = [];
  const n = (x: number) => x.toPrecision(3);
  if (check.trainAdvantageSpread < memorisedSpread * check.advantageSpread)
    warnings.push(
      `It has memorised its training episodes: their advantages spread by ${n(check.trainAdvantageSpread)}, those of held-out episodes by ` +
        `${n(check.advantageSpread)}. Labels of the training episodes would be noise: train fewer steps, or on more episodes.`,
    );
  else if (check.heldOutCrossEntropy > check.trainCrossEntropy + overfittingNats)
    warnings.push(
      `It overfits: its cross-entropy is ${n(check.heldOutCrossEntropy)} on held-out episodes and ${n(check.trainCrossEntropy)} on those it ` +
        "was trained on. Train fewer steps, or on more episodes.",
    );
  if (check.heldOutError >= check.baselineError)
    warnings.push(
      `It is no better than a clock: off by ${n(check.heldOutError)} on held-out episodes, the mean return by time by ${n(check.baselineError)}. ` +
        "Advantages then say which episode was fast, not which action was good.",
    );
  if (check.auc !== null && check.auc < lowestAuc)
    warnings.push(
      `It hardly tells successes from failures: halfway, a success is valued higher in ${n(100 * check.auc)} % of pairs (50 % is chance; ` +
        `held out are ${check.successes} successes and ${check.failures} failures${Math.min(check.successes, check.failures) < fewEpisodes ? ", few to tell by" : ""}).`,
    );
  return warnings;
}

/** A warning if returns differ among neighbours in time much more than values do. The advantages are then mostly luck. */
export function luckWarnings(frames: readonly Judged[]): string[] {
  const spread = neighbourSpread(
    frames.map(({ target, value }) => target - value),
    frames.map(({ value }) => value),
    frames.map(({ episode }) => episode.task),
    frames.map(({ frame }) => frame),
  );
  if (spread === null || !seeksLuck(spread)) return [];
  return [
    `Luck decides more than what it sees: at the same time of an episode, returns differ from their values by ${spread.advantages.toPrecision(2)} ` +
      `and values from each other by ${spread.values.toPrecision(2)}. Labels of whole returns would choose lucky actions, not good ones: label with ` +
      "--lookahead 1 or shorter, with a larger --positive-fraction, or collect more episodes.",
  ];
}

/**
 * The trivial value function, a clock: the mean return of a task's training episodes by time. After the longest of them it stays the same.
 * @param targets of an episode, [length]
 */
export function meanReturnByTime(
  episodes: readonly TrainingEpisode[],
  targets: (episode: TrainingEpisode) => ArrayLike<number>,
): (task: string, frame: number) => number {
  const sums = new Map<string, { readonly sum: number[]; readonly count: number[] }>();
  for (const episode of episodes) {
    const of = sums.get(episode.task) ?? { sum: [], count: [] };
    sums.set(episode.task, of);
    const known = targets(episode);
    for (let frame = 0; frame < known.length; frame++) {
      of.sum[frame] = (of.sum[frame] ?? 0) + known[frame]!;
      of.count[frame] = (of.count[frame] ?? 0) + 1;
    }
  }
  return (task, frame) => {
    const of = sums.get(task);
    if (!of) return -0.5;
    const at = Math.min(frame, of.sum.length - 1);
    return of.sum[at]! / of.count[at]!;
  };
}
