// A blind comparison of two policies on one arm. Both do each episode, in random order. The person who judges does not know which one acts. After
// each pair a sequential test says whether the difference is decided. Looking after every pair is part of the test.
import { PistarError, random } from "../system/index.ts";
import { type Evaluation, type EvaluationOptions, evaluated, evaluationOf } from "./evaluate.ts";
import { EpisodeRunner, type Finished } from "./fleet/episode-runner.ts";
import { loadStations } from "./fleet/stations.ts";

/** Evidence that decides a comparison. At most one in 20 comparisons of equal policies gets there. */
const enough = 20;

/**
 * Evidence against "both policies are equally good", from the episodes solved by one alone. It is the e-value of Krichevsky and Trofimov's predictor
 * (all coins, mixed by Jeffreys' prior) against a fair coin. By Ville's inequality it reaches 1/α with probability α at most, at whatever time.
 */
export function evidence(onlyFirst: number, onlySecond: number): number {
  let logarithm = 0;
  for (let i = 0; i < onlyFirst; i++) logarithm += Math.log((i + 0.5) / (i + 1));
  for (let i = 0; i < onlySecond; i++) logarithm += Math.log((i + 0.5) / (onlyFirst + i + 1));
  return Math.exp(logarithm + (onlyFirst + onlySecond) * Math.LN2);
}

export interface BlindOptions extends EvaluationOptions {
  readonly against: string;
  /** Told after each pair, to save it. */
  readonly onPair?: (found: BlindComparison) => unknown;
}

export interface BlindComparison {
  readonly evaluation: Evaluation;
  readonly baseline: Evaluation;
  /** See `evidence`. */
  readonly evidence: number;
  /** Whether the evidence was enough to stop. */
  readonly decided: boolean;
}

/**
 * Runs pairs of episodes until the difference is decided or all are run. A stop by `signal` keeps the finished pairs.
 * @throws Error if no pair was finished; PistarError bad-option for stations of many robots, or for several tasks
 */
export async function compareBlind(options: BlindOptions): Promise<BlindComparison> {
  const { task: tasks, difficulty, randomise, episodes, seed, against, progress, signal, onPair } = options;
  const stations = await loadStations(options.stations);
  if (!stations.only)
    throw new PistarError("bad-option", "Expected a robot with a person beside it for a blind comparison");
  const [task] = tasks;
  if (tasks.length !== 1 || task === undefined)
    throw new PistarError("bad-option", `Expected one task for a blind comparison, got ${tasks.join(", ")}`);
  const setting = stations.setting({ task, difficulty, randomise });
  const runners = [options.policy, against].map((policy) => {
    const driving = { ...options, policy, supervisor: "none" as const };
    return new EpisodeRunner({ stations: options.stations, driving, record: false });
  });
  const pairs: (readonly [Finished, Finished])[] = [];
  let end: "off" | "hold" = "off";
  try {
    while (pairs.length < episodes && !signal?.aborted && !found(options, pairs)?.decided) {
      const at = seed + pairs.length;
      const first = random(at).split("blind order").uniform() < 0.5 ? 0 : 1;
      const both: Finished[] = [];
      for (const which of [first, 1 - first]) {
        for (let again = true; again && !signal?.aborted; ) {
          const episode = await runners[which]!.run({ ...setting, seed: at }, signal && { signal });
          again = episode.result.outcome === "discarded";
          if (!again) both[which] = episode;
        }
      }
      if (!both[0] || !both[1]) break;
      pairs.push([both[0], both[1]]);
      progress?.(pairs.length, episodes);
      const sofar = found(options, pairs);
      if (sofar) onPair?.(sofar);
    }
  } catch (error) {
    end = "hold";
    throw error;
  } finally {
    for (const runner of runners) await runner.close(end);
  }
  const result = found(options, pairs);
  if (!result) throw new Error("No pair of episodes was run to its end");
  return result;
}

function found(options: BlindOptions, pairs: readonly (readonly [Finished, Finished])[]): BlindComparison | undefined {
  if (pairs.length === 0) return undefined;
  const of = (which: 0 | 1, policy: string) =>
    evaluationOf(
      { ...options, policy },
      pairs.map((pair) => evaluated(pair[which])),
      [],
      pairs.flatMap((pair) => pair[which].jumps),
    );
  const alone = (ours: 0 | 1) =>
    pairs.filter((pair) => pair[ours].result.outcome === "success" && pair[1 - ours]!.result.outcome !== "success")
      .length;
  const value = evidence(alone(0), alone(1));
  return {
    evaluation: of(0, options.policy),
    baseline: of(1, options.against),
    evidence: value,
    decided: value >= enough,
  };
}
