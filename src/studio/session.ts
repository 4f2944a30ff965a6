// A sitting: episodes one after the other, each started by the person, recorded into one dataset as `collect` records it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDataset } from "../data/index.ts";
import { type LoadedValue, loadValueFunction } from "../policy/index.ts";
import type { EpisodeSetting } from "../robot/index.ts";
import { appendRollout, beginningOf, type Driving, EpisodeRunner, openRollouts, wilson } from "../rollout/index.ts";
import { LiveOperator, type LiveOptions } from "./live-operator.ts";
import type { Command, LiveState, Phase } from "./protocol.ts";
import type { SimulatedArm } from "./simulated-arm.ts";

export interface SessionOptions extends Pick<LiveOptions, "now" | "pictureAge" | "patience"> {
  readonly arm: SimulatedArm;
  readonly setting: EpisodeSetting;
  readonly driving: Driving;
  /** Folder of a value function. */
  readonly value?: string | undefined;
  readonly out: string;
  readonly seed: number;
  readonly timeLimit: number;
  /** Told after each control period and each change of phase. */
  readonly onChange: () => void;
}

/** Seconds of values that a page gets when it is opened. */
const remembered = 10;

export class Session {
  private readonly options: SessionOptions;
  private readonly operator: LiveOperator;
  private readonly runner: EpisodeRunner;
  private readonly valueFunction: LoadedValue | undefined;
  private phase: Phase = "ready";
  private nextSeed: number;
  private lastSeed: number | undefined;
  private episode = 0;
  private successes = 0;
  private scored = 0;
  private seconds = 0;
  private lateTicks = 0;
  private outcome: LiveState["outcome"];
  private notice = "";
  private values: (readonly [number, number])[] = [];
  private running: Promise<void> | undefined;
  private readonly ending = new AbortController();

  private constructor(options: SessionOptions, nextSeed: number, value: LoadedValue | undefined) {
    const { arm, driving, timeLimit, now, pictureAge, patience } = options;
    this.options = options;
    this.nextSeed = nextSeed;
    this.valueFunction = value;
    this.operator = new LiveOperator({ hand: arm.hand, judge: arm.judge, now, pictureAge, patience });
    this.runner = new EpisodeRunner({ stations: arm.stations(this.operator, timeLimit), driving, record: true });
  }

  /** Opens dataset, policy and value function. @throws Error saying which cannot be opened */
  static async open(options: SessionOptions): Promise<Session> {
    const { out, setting, value, arm } = options;
    let seed = options.seed;
    if (existsSync(join(out, "meta/info.json"))) {
      const dataset = await openDataset(out);
      await dataset.close();
      const seeds = dataset.episodes.flatMap((episode) => {
        const beginning = beginningOf(episode);
        return beginning?.task === setting.task ? [beginning.seed] : [];
      });
      seed = Math.max(seed, ...seeds.map((one) => one + 1));
    }
    const session = new Session(options, seed, value === undefined ? undefined : await loadValueFunction(value));
    try {
      await session.runner.prepare(setting);
      await arm.world.reset({ seed });
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  get hasValue(): boolean {
    return this.valueFunction !== undefined;
  }

  get recentValues(): readonly (readonly [number, number])[] {
    return this.values;
  }

  /** What every page is shown, whoever looks. */
  state(): Omit<LiveState, "n" | "operator" | "pictureAge"> {
    const { arm } = this.options;
    const rate = this.scored > 0 ? wilson(this.successes, this.scored) : undefined;
    const value = this.phase === "running" ? this.values.at(-1)?.[1] : undefined;
    return {
      phase: this.phase,
      actor: this.operator.actor,
      notice: this.phase === "running" ? this.operator.notice : this.notice,
      instruction: arm.world.instruction,
      episode: this.episode,
      seconds: this.seconds,
      ...(this.outcome && { outcome: this.outcome }),
      score: {
        successes: this.successes,
        episodes: this.scored,
        ...(rate && { interval: [rate.low, rate.high] as const }),
      },
      ...(value !== undefined && { value }),
      hand: arm.hand.inPicture(),
      lateTicks: this.lateTicks,
    };
  }

  /** @returns why it is refused, or undefined */
  ask(command: Command): string | undefined {
    if (this.phase === "running") {
      if (command === "start") return "An episode is running.";
      return this.operator.ask(command === "stop" ? "discard" : command);
    }
    if (command !== "start" && command !== "again") return "No episode is running.";
    if (this.phase !== "ready" && this.phase !== "ended") return "The last episode is still being saved.";
    if (command === "again" && this.lastSeed === undefined) return "There was no episode to repeat.";
    this.begin(command === "again" ? this.lastSeed! : this.nextSeed++);
    return undefined;
  }

  hear(...input: Parameters<LiveOperator["hear"]>): void {
    this.operator.hear(...input);
  }

  away(why: string): void {
    this.operator.away(why);
  }

  renew(): void {
    this.operator.renew();
  }

  /** Discards the episode in progress, holds the arm and closes everything but the arm. */
  async close(): Promise<void> {
    this.ending.abort();
    await this.running;
    await this.runner.close();
    await this.valueFunction?.close();
  }

  private begin(seed: number): void {
    this.lastSeed = seed;
    this.episode++;
    this.outcome = undefined;
    this.values = [];
    this.seconds = 0;
    this.enter("starting", "");
    this.running = this.run(seed).catch((error: unknown) => {
      this.enter("ended", `The episode could not be finished: ${error instanceof Error ? error.message : error}`);
    });
  }

  private async run(seed: number): Promise<void> {
    const { setting, arm, driving, out } = this.options;
    const value = this.valueFunction;
    const finished = await this.runner.run(
      { ...setting, seed },
      {
        signal: this.ending.signal,
        ...(value && { value: async (observation) => (await value.values([observation]))[0]! }),
        onPeriod: ({ seconds, value: now }) => {
          this.phase = "running";
          this.seconds = seconds;
          if (now !== undefined) {
            this.values = this.values.filter(([at]) => at > seconds - remembered);
            this.values.push([seconds, now]);
          }
          this.options.onChange();
        },
      },
    );
    this.outcome = finished.result.outcome;
    this.lateTicks = (await arm.world.health()).lateTicks;
    if (finished.content) {
      this.enter("saving", "The episode is being saved.");
      const writer = await openRollouts(out, arm.stations(this.operator, 0), setting);
      try {
        const { index } = await appendRollout(writer, finished, driving);
        this.scored++;
        if (this.outcome === "success") this.successes++;
        this.enter("ended", `Saved as episode ${index} of ${out}.`);
      } finally {
        await writer.close();
      }
    } else {
      this.enter("ended", this.operator.notice || "Discarded: nothing was recorded.");
      if (finished.again && !this.ending.signal.aborted) this.begin(seed);
    }
  }

  private enter(phase: Phase, notice: string): void {
    this.phase = phase;
    this.notice = notice;
    this.options.onChange();
  }
}
