// Simulated episodes as data: what is to be run, and whoever runs it, in this thread or in a worker.
import { detachedEpisode, type EpisodeContent } from "../../data/index.ts";
import { openPolicy } from "../../policy/index.ts";
import type { Driver, Policy } from "../../robot/index.ts";
import { createTaskWorld, Demonstrator, Judge, Supervisor, taskNamed, type World } from "../../sim/index.ts";
import { type EpisodeResult, runEpisode } from "../episode.ts";
import { jumpAt } from "../jumps.ts";
import type { Driving } from "../options.ts";
import { PolicyDriver } from "../policy-driver.ts";
import { rolloutFeatures } from "../recording.ts";

/** One episode to be run. */
export interface Assignment {
  readonly task: string;
  readonly difficulty: number;
  /** Whether light and colours vary with the seed. */
  readonly randomise: boolean;
  readonly seed: number;
}

export interface Finished extends Assignment {
  readonly result: EpisodeResult;
  /** Degrees that the targets jumped at each border between action chunks (`jumpAt`), in order. */
  readonly jumps: readonly number[];
  /** What `DatasetWriter.appendEpisode` takes, without episode-level columns; absent where nothing is recorded or it was discarded. */
  readonly content?: EpisodeContent;
}

/** A robot and what drives it, ready for episodes of one task. */
interface Stage {
  readonly key: string;
  readonly world: World;
  readonly driver: Driver;
  readonly supervisor: Supervisor | undefined;
  close(): Promise<void>;
}

/** Runs episodes one after the other; world and policy stay open between those of one task. */
export class EpisodeRunner {
  private readonly driving: Driving;
  private readonly record: boolean;
  private stage: Stage | undefined;
  private policy: Policy | undefined;

  constructor(driving: Driving, record: boolean) {
    this.driving = driving;
    this.record = record;
  }

  async run(assignment: Assignment): Promise<Finished> {
    const { seed } = assignment;
    const task = taskNamed(assignment.task);
    const { world, driver, supervisor } = await this.prepare(assignment);
    await world.reset(seed); // so that what a dataset's features are read from is this episode's
    const recorded = this.record
      ? detachedEpisode(rolloutFeatures(world, await world.observe()), world.fps)
      : undefined;
    const judge = new Judge(task, world);
    const result = await runEpisode({
      seed,
      timeLimit: task.timeLimit,
      robot: world,
      driver,
      ...(supervisor && { operator: supervisor }),
      judge: () => {
        judge.reset();
        return () => judge.update();
      },
      ...(recorded && { sink: { addFrame: (values, text) => recorded.add(values, text) } }),
    });
    const jumps = driver instanceof PolicyDriver ? driver.borders.map(jumpAt) : [];
    if (driver instanceof PolicyDriver && driver.stuck) await this.abandonPolicy();
    const content = result.outcome === "discarded" ? undefined : await recorded?.finish({});
    return { ...assignment, result, jumps, ...(content && { content }) };
  }

  async close(): Promise<void> {
    await this.stage?.close();
    await this.policy?.close();
  }

  /** The next episode opens the policy anew, so that one that hangs costs no other episode. */
  private async abandonPolicy(): Promise<void> {
    this.policy?.close().catch(() => {}); // it may hang as well
    this.policy = undefined;
    await this.stage?.close();
    this.stage = undefined;
  }

  /** Opens world and policy for an episode. Fails where none can be run: the task is unknown, or the policy cannot be opened. */
  async prepare({ task: name, difficulty, randomise }: Assignment): Promise<Stage> {
    const key = `${name} ${difficulty} ${randomise}`;
    if (this.stage?.key === key) return this.stage;
    await this.stage?.close();
    this.stage = undefined;
    const task = taskNamed(name);
    const world = await createTaskWorld(task, { difficulty, randomise });
    try {
      const driver = await this.openDriver(name, world);
      const supervisor = this.driving.supervisor === "scripted" ? new Supervisor(task, world) : undefined;
      const close = async () => {
        supervisor?.close();
        await world.close();
      };
      this.stage = { key, world, driver, supervisor, close };
      return this.stage;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  private async openDriver(task: string, world: World): Promise<Driver> {
    const { policy, latency: seconds, ...options } = this.driving;
    if (policy === "demonstrator") return new Demonstrator(taskNamed(task), world);
    this.policy ??= await openPolicy(policy, world.joints, options);
    const { joints, fps } = world;
    // An answer within a period counts at the period's end; what multiplying adds to a whole number is no period more.
    const latency = Math.ceil(seconds * fps - 1e-6);
    return new PolicyDriver(this.policy, { ...options, latency, joints, fps, realTime: false });
  }
}
