// Episodes of one policy side by side in one thread, each with a station of its own. Their questions are answered together. In
// eight lanes a control period then costs 0.7 times as much as alone (bench/side-by-side.ts).
//
// The questions wait until every episode has asked or ended. So the batches, and with them the last bits of the answers, depend on the episodes
// alone and not on time.
import { openPolicy } from "../../policy/index.ts";
import type { ActionChunk, Policy, PolicyRequest } from "../../robot/index.ts";
import type { SavedMoment } from "../episode.ts";
import { type Assignment, EpisodeRunner, type Finished, type RunnerOptions } from "./episode-runner.ts";

/** An episode to be run, from its beginning or from a saved moment. */
export interface BegunEpisode {
  readonly assignment: Assignment;
  readonly from?: SavedMoment;
}

interface Question {
  readonly lane: number;
  readonly request: PolicyRequest;
  resolve(chunk: ActionChunk): void;
  reject(error: unknown): void;
}

/** Runs episodes in up to `lanes` lanes. A policy without `inferBatch` has one lane, because it keeps a state. */
export class SideBySide {
  private readonly runners: readonly EpisodeRunner[];
  private policy: Promise<Policy> | undefined;
  /** Lanes with an episode in progress. */
  private busy = 0;
  private questions: Question[] = [];

  constructor(options: RunnerOptions, lanes: number) {
    this.runners = Array.from(
      { length: lanes },
      (_, lane) =>
        new EpisodeRunner(options, async (...asked) => {
          this.policy ??= openPolicy(...asked);
          return this.voiceOf(await this.policy, lane);
        }),
    );
  }

  /** The runner of the first lane, for single episodes. */
  get first(): EpisodeRunner {
    return this.runners[0]!;
  }

  /** Runs all episodes, and returns them in their order. @throws as `EpisodeRunner.run` */
  async run(episodes: readonly BegunEpisode[]): Promise<Finished[]> {
    const [begun] = episodes;
    if (!begun) return [];
    await this.first.prepare(begun.assignment);
    const batches = (await this.policy)?.inferBatch !== undefined;
    const lanes = this.runners.slice(0, batches ? episodes.length : 1);
    const found: Finished[] = [];
    let next = 0;
    const work = async (runner: EpisodeRunner) => {
      try {
        for (let at = next++; at < episodes.length; at = next++) {
          const { assignment, from } = episodes[at]!;
          found[at] = await runner.run(assignment, from ? { from } : {});
        }
      } finally {
        this.busy--;
        await this.answerIfAllAsk();
      }
    };
    for (const runner of lanes) await runner.prepare(begun.assignment);
    this.busy = lanes.length;
    await Promise.all(lanes.map(work));
    return found;
  }

  async close(): Promise<void> {
    for (const runner of this.runners) await runner.close();
    await (await this.policy)?.close();
  }

  /** The policy as one lane knows it. Its questions name their episode. */
  private voiceOf(policy: Policy, lane: number): Policy {
    const { id, info, continues } = policy;
    const same = { id, ...(info && { info }), ...(continues !== undefined && { continues }), close: async () => {} };
    if (!policy.inferBatch)
      return { ...same, reset: (seed) => policy.reset(seed), infer: (request) => policy.infer(request) };
    let episode = 0;
    let question = 0;
    return {
      ...same,
      async reset(seed) {
        episode = seed;
        question = 0;
      },
      infer: (request) =>
        new Promise((resolve, reject) => {
          this.questions.push({ lane, request: { ...request, seed: [episode, question++] }, resolve, reject });
          this.answerIfAllAsk();
        }),
    };
  }

  private async answerIfAllAsk(): Promise<void> {
    const policy = await this.policy;
    if (this.questions.length === 0 || this.questions.length < this.busy) return;
    const asked = this.questions.sort((a, b) => a.lane - b.lane);
    this.questions = [];
    try {
      const chunks = await policy!.inferBatch!(asked.map(({ request }) => request));
      for (const [i, { resolve }] of asked.entries()) resolve(chunks[i]!);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
