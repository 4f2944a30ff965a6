// The runs of an audit: rounds of two runs from every moment, first of all episodes, then once more. So a small budget gives few runs of all
// episodes, not many runs of a few. Moments that are settled get no more.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { openDataset } from "../data/index.ts";
import { type Driving, type FleetWorker, runInOrder } from "../rollout/index.ts";
import { holdLock, random, WorkerThread } from "../system/index.ts";
import type { AuditJob, AuditWork, AuditWorkerInput, LostRound } from "./audit-worker.ts";
import { type AuditOptions, defaultBudget, mostRounds, runsInRound } from "./options.ts";
import { openRounds, type RunRound } from "./runs-file.ts";
import { settledMoments } from "./settled-moments.ts";

export interface MomentRunsInput {
  /** The dataset's folder. */
  readonly dataset: string;
  /** Episodes to choose from. */
  readonly episodes: readonly number[];
  readonly options: AuditOptions;
  /** Name of the policy in the file of runs (default: `options.policy`). A run that may be moved names its policies by stage. */
  readonly policyName?: string | undefined;
  /** Address of the module that opens stations, such as sim's `simulation`. */
  readonly stations: string;
  /** The file of runs. */
  readonly path: string;
  /** @param round 0 for the first two runs of each moment */
  readonly onProgress?: ((done: number, total: number, round: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MomentRuns {
  readonly rounds: readonly RunRound[];
  /** Rounds that were not run to their end. Running the audit again tries them again. */
  readonly lost: readonly LostRound[];
}

/** Seconds for a worker to close its policy before it is stopped. */
const grace = 5;

/**
 * Adds the missing runs to the file of runs, up to the number of runs or the budget. A finished round of an episode is safe.
 * @throws PistarError busy-lock if another process adds to the file; cannot-resume if the file's runs were made in another way; wrong-layout if an episode does not replay exactly
 */
export async function runMoments(input: MomentRunsInput): Promise<MomentRuns> {
  const folder = dirname(input.path);
  mkdirSync(folder, { recursive: true });
  const release = holdLock(`${input.path}.lock`, folder);
  try {
    return await addRuns(input);
  } finally {
    release();
  }
}

async function addRuns(input: MomentRunsInput): Promise<MomentRuns> {
  const { dataset, options, policyName, stations, path, onProgress } = input;
  const { of, budget, runs, every, episodes, workers, seed, ...driving } = options;
  const chosen = random(seed).split("audited episodes").shuffle(input.episodes).slice(0, episodes);
  const file = openRounds(path, { ...driving, policy: policyName ?? driving.policy, of, every, seed });
  const known = new Set(file.rounds.map(keyOf));
  const made: RunRound[] = [...file.rounds];
  const lost: LostRound[] = [];
  const minutes = budget ?? (runs === undefined ? defaultBudget : undefined);
  const signal = AbortSignal.any([
    ...(input.signal ? [input.signal] : []),
    ...(minutes === undefined ? [] : [AbortSignal.timeout(60_000 * minutes)]),
  ]);
  const asked: AuditWorkerInput = {
    dataset,
    every,
    seed,
    stations,
    driving: { ...driving, supervisor: of === "supervised" ? "scripted" : "none" } satisfies Driving,
  };
  const opened = await openDataset(dataset);
  await opened.close();
  /** Threads between two rounds. They keep their worlds and their policy. */
  const idle: WorkerThread<AuditWork>[] = [];
  const open = (): FleetWorker<AuditJob, RunRound | LostRound> => {
    const thread =
      idle.pop() ??
      new WorkerThread<AuditWork>(import.meta.url, "./audit-worker", { name: "The worker", input: asked });
    return { run: (job) => thread.ask("run", job), close: async () => void idle.push(thread) };
  };
  const rounds = runs === undefined ? mostRounds : runs / runsInRound;
  try {
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const jobs = chosen.flatMap((episode): AuditJob[] => {
        if (known.has(keyOf({ episode, round }))) return [];
        const before = made.filter((other) => other.episode === episode && other.round < round);
        const settled = settledMoments(before, opened.fps);
        const all = before[0]?.moments.length;
        return settled.length === all ? [] : [{ episode, round, settled }];
      });
      let done = chosen.length - jobs.length;
      if (jobs.length > 0) onProgress?.(done, chosen.length, round);
      await runInOrder<AuditJob, RunRound | LostRound>(jobs, {
        workers,
        signal,
        open,
        lost: ({ episode }, why) => ({ episode, round, lost: why }),
        onResult(result) {
          if ("lost" in result) lost.push(result);
          else {
            file.append(result);
            made.push(result);
          }
          onProgress?.(++done, chosen.length, round);
        },
      });
    }
  } finally {
    await Promise.all(idle.map((thread) => thread.close(grace)));
  }
  const wanted = new Set(chosen);
  return { rounds: made.filter(({ episode, round }) => wanted.has(episode) && round < rounds), lost };
}

const keyOf = ({ episode, round }: Pick<AuditJob, "episode" | "round">) => `${episode} ${round}`;
