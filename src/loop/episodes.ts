// Stages with episodes: collecting into a dataset, evaluating a policy, and choosing one of several.
import { basename } from "node:path";
import * as z from "zod";
import { openDataset } from "../data/index.ts";
import {
  beginningOf,
  type CollectOptions,
  collect,
  collectOptions,
  type Evaluation,
  evaluateOptions,
  evaluatePolicy,
  evaluationSchema,
} from "../rollout/index.ts";
import { simulation } from "../sim/index.ts";
import type { OpenedArm } from "./extraction/arm.ts";
import type { RecapOptions } from "./options.ts";
import { type ServedArm, served } from "./outside/serve.ts";
import { dataOf, type Run } from "./run.ts";
import { choiceSeed, evaluationSeed } from "./seeds.ts";
import { type Gain, gainSchema } from "./summary.ts";

/** What a collection adds, and to which dataset: by default the task's own. */
interface Collecting extends Pick<Gain, "iteration" | "source"> {
  readonly stage?: string;
  readonly out?: string;
}

/** Adds episodes to a dataset. @param driving who acts, and how a trained policy is opened */
export function collectStage(
  run: Run,
  task: string,
  { iteration, source, stage = `${task}/${iteration}/${source}`, out = dataOf(run, task) }: Collecting,
  driving: Pick<CollectOptions, "policy" | "policyName" | "supervisor" | "episodes" | "seed"> & Partial<OpenedArm>,
): Promise<Gain> {
  const { options, stages, listener } = run;
  return stages.run(stage, gainSchema, async () => {
    const { difficulty, randomise } = options;
    const progress = (done: number, total: number) => listener.onProgress?.(stage, done, total);
    const policyName = driving.policyName ?? driving.policy;
    const collectBy = async (policy: Partial<ServedArm>, signal: AbortSignal | undefined) => {
      const all = { ...driving, ...policy, task, difficulty, randomise, workers: workersOf(run), out };
      const asked = { ...collectOptions.parse(all), stations: simulation, policyName, progress };
      const found = await collect({ ...asked, ...(signal && { signal }) });
      signal?.throwIfAborted();
      return found;
    };
    const { policy, advantageIndicator, guidance } = driving;
    const { lost } =
      advantageIndicator === undefined || guidance === undefined
        ? await collectBy({}, run.signal)
        : await served(run, stage, { policy, advantageIndicator, guidance }, collectBy);
    if (lost.length > 0)
      listener.onWarning?.(`${task}: ${lost.length} episodes were lost, the first because: ${lost[0]!.lost}`);
    const gained = await readOutcomes(out, driving);
    const successes = gained.filter(Boolean).length;
    listener.onNote?.(`${task}: ${gained.length} ${source} episodes, ${successes} of them successes`);
    return { iteration, source, episodes: gained.length, successes };
  });
}

/** Whether each episode of a collection succeeded. Episodes of an earlier process count too. */
async function readOutcomes(root: string, { seed, episodes }: { seed: number; episodes: number }): Promise<boolean[]> {
  const dataset = await openDataset(root);
  await dataset.close();
  return dataset.episodes.flatMap((episode) => {
    const began = beginningOf(episode)?.seed;
    const ours = began !== undefined && began >= seed && began < seed + episodes;
    return ours ? [episode.extra.episode_success === "success"] : [];
  });
}

/** Options of an evaluation on the run's held-out seeds. They are the same for every policy. */
export function evaluationOf(run: Run, task: string, policy: OpenedArm | ServedArm) {
  const { difficulty, randomise, evaluation, seed } = run.options;
  return evaluateOptions.parse({
    ...policy,
    task: [task],
    difficulty,
    randomise,
    episodes: evaluation,
    seed: evaluationSeed(seed),
    workers: workersOf(run),
  });
}

/** Evaluates a policy on the run's held-out seeds. */
export function evaluateStage(run: Run, stage: string, task: string, policy: OpenedArm): Promise<Evaluation> {
  const { stages, listener } = run;
  return stages.run(stage, evaluationSchema, async () => {
    const found = await evaluate(run, stage, task, policy);
    const { successes, episodes } = found.total;
    listener.onNote?.(`${stage}: ${successes} of ${episodes} episodes succeed`);
    for (const fault of faults(found)) listener.onWarning?.(`${stage}: ${fault}`);
    return found;
  });
}

/** @param own other episodes than the run's held-out ones */
function evaluate(
  run: Run,
  stage: string,
  task: string,
  policy: OpenedArm,
  own: { readonly seed?: number; readonly episodes?: number } = {},
): Promise<Evaluation> {
  const progress = (done: number, total: number) => run.listener.onProgress?.(stage, done, total);
  return served(run, stage, policy, async (asked, signal) => {
    const options = { ...evaluationOf(run, task, asked), ...own, stations: simulation, progress };
    const found = await evaluatePolicy({ ...options, ...(signal && { signal }) });
    signal?.throwIfAborted();
    return found;
  });
}

/** Episodes that a policy runs to be chosen: half as many as to be evaluated. */
export const choiceEpisodes = ({ evaluation }: Pick<RecapOptions, "evaluation">): number => Math.ceil(evaluation / 2);

/**
 * Chooses the best of some policies as the stage `stage`: most successes, then the highest throughput, on episodes that decide nothing else.
 * @returns its position
 */
export function chooseStage(run: Run, stage: string, task: string, policies: readonly OpenedArm[]): Promise<number> {
  const episodes = choiceEpisodes(run.options);
  return run.stages.run(stage, choiceSchema, async () => {
    const seed = choiceSeed(run.options.seed);
    let [best, highest] = [0, { successes: -1, throughput: 0 }];
    for (const [at, policy] of policies.entries()) {
      const { successes, throughput } = (await evaluate(run, stage, task, policy, { seed, episodes })).total;
      run.listener.onNote?.(`${stage}: ${basename(policy.policy)}: ${successes} of ${episodes} episodes succeed`);
      const ahead = successes - highest.successes || throughput.value - highest.throughput;
      if (ahead > 0) [best, highest] = [at, { successes, throughput: throughput.value }];
    }
    return best;
  });
}

/** The result of `chooseStage`. */
export const choiceSchema = z.int().min(0);

/** Faults of an evaluation in words: lost episodes and the policy's faults, but not failures at the task. */
export function faults({ lost, runs }: Pick<Evaluation, "lost" | "runs">): string[] {
  const troubled = runs.filter(({ troubles }) => troubles.length > 0);
  const of = (some: readonly unknown[]) => `${some.length} of ${runs.length + lost.length} episodes`;
  return [
    ...(lost.length > 0
      ? [`${of(lost)} could not be run to their end and count nowhere, first: ${lost[0]!.lost}`]
      : []),
    ...(troubled.length > 0
      ? [`in ${of(troubled)} the policy did not act as it should, first: ${troubled[0]!.troubles[0]}`]
      : []),
  ];
}

/** Threads for episodes. */
export const workersOf = ({ options, share }: Run): number => Math.max(1, Math.floor(options.workers * share));
