// The thread side of `run-moments.ts`. It replays an episode, saves its moments, and runs the policy from each of them to the end.
import { openDataset } from "../data/index.ts";
import {
  assignmentOf,
  momentsOf,
  type RunnerOptions,
  replayEpisode,
  type SavedMoment,
  SideBySide,
} from "../rollout/index.ts";
import { PistarError, random, serveWorker } from "../system/index.ts";
import { runsInRound } from "./options.ts";
import type { RunRound } from "./runs-file.ts";

export interface AuditWorkerInput extends Omit<RunnerOptions, "record"> {
  /** The dataset's folder. */
  readonly dataset: string;
  /** Seconds from moment to moment. */
  readonly every: number;
  readonly seed: number;
}

/** One round of an episode to be run. */
export interface AuditJob {
  readonly episode: number;
  readonly round: number;
  /** Frames of moments that have runs enough. */
  readonly settled: readonly number[];
}

/** A round without an end: its worker ended, or the robot failed. */
export interface LostRound extends Pick<AuditJob, "episode" | "round"> {
  readonly lost: string;
}

/** Runs side by side in a thread. More of them hardly make a batch cheaper. */
const lanes = 8;

const work = async ({ dataset: root, every, seed, ...options }: AuditWorkerInput) => {
  const dataset = await openDataset(root);
  const runners = new SideBySide({ ...options, record: false }, lanes);

  /** The moments of an episode, from its replay. */
  async function replayed(episode: number): Promise<SavedMoment[]> {
    const { station } = await runners.first.prepare(assignmentOf(dataset, episode));
    const moments = momentsOf(station);
    const { length } = dataset.episodes[episode]!;
    const apart = Math.max(1, Math.round(every * station.robot.fps));
    const saved: SavedMoment[] = [];
    const { deviation } = await replayEpisode(dataset, episode, { ...station, compareEvery: apart }, (frame) => {
      if (frame < length && frame % apart === 0) saved.push({ step: frame, moment: moments.saveMoment() });
    });
    if (deviation > 0 || saved.length < Math.ceil(length / apart))
      throw new PistarError(
        "wrong-layout",
        `${root}, episode ${episode}: its replay differs from the recording (by ${deviation} in a joint): the simulation has changed since. ` +
          "Collect the dataset anew, or audit it with the version that recorded it",
        { path: root },
      );
    return saved;
  }

  return {
    /** @throws where no episode can be run at all */
    async run({ episode, round, settled }: AuditJob): Promise<RunRound | LostRound> {
      const setting = assignmentOf(dataset, episode);
      const saved = (await replayed(episode)).filter(({ step }) => !settled.includes(step));
      try {
        const seedOf = runSeeds(seed, episode);
        const ran = await runners.run(
          saved.flatMap((from) =>
            [0, 1].map((i) => ({ assignment: { ...setting, seed: seedOf(from.step, runsInRound * round + i) }, from })),
          ),
        );
        const outcomes = ran.map(({ result }, i) =>
          result.outcome === "success" ? result.steps - saved[i >> 1]!.step : null,
        );
        return {
          episode,
          round,
          moments: saved.map(({ step }, i) => [step, outcomes[2 * i]!, outcomes[2 * i + 1]!] as const),
          troubled: ran.filter(({ result }) => result.troubles.length > 0).length,
        };
      } catch (error) {
        return { episode, round, lost: (error as Error).message };
      }
    },
    async close() {
      await runners.close();
      await dataset.close();
    },
  };
};

/** The seed of each run from each moment of an episode. */
const runSeeds = (seed: number, episode: number) => (frame: number, run: number) =>
  random(seed)
    .split("audit")
    .split(episode)
    .split(frame)
    .split(run)
    .integer(2 ** 31);

export type AuditWork = typeof work;
serveWorker(work);
