// Runs assigned episodes one after the other, in this thread or in a worker, and returns them as data.
import { detachedEpisode, type EpisodeContent } from "../../data/index.ts";
import { openPolicy, openPolicyInThread } from "../../policy/index.ts";
import type { Driver, EpisodeSetting, Policy, Rewindable, Robot, Station, Stations, Unit } from "../../robot/index.ts";
import { PistarError } from "../../system/index.ts";
import { type EpisodeOptions, type EpisodeResult, runEpisode, type SavedMoment } from "../episode.ts";
import { jumpsAt } from "../jumps.ts";
import type { Driving } from "../options.ts";
import { PolicyDriver } from "../policy-driver.ts";
import { rolloutFeatures } from "../recording.ts";
import { loadStations } from "./stations.ts";

/** One episode to be run. */
export interface Assignment extends EpisodeSetting {
  readonly seed: number;
}

/** An episode that was run. */
export interface Finished extends Assignment {
  readonly result: EpisodeResult;
  /** Degrees that the targets jumped at each border between action chunks, in order; empty for robots other than the SO-101. */
  readonly jumps: readonly number[];
  /** Input of `DatasetWriter.appendEpisode`, without episode-level columns. Absent if nothing is recorded or the episode was discarded. */
  readonly content?: EpisodeContent;
  /** Unit of an SO-101's body joints. */
  readonly unit?: Unit;
  /** Whether the operator discarded the episode to run it once more. */
  readonly again?: boolean;
}

/** An episode that was not run to its end: its worker ended, or the robot failed. */
export interface Lost extends Assignment {
  readonly lost: string;
}

export interface RunnerOptions {
  /**
   * Address of the module that opens stations: sim's `simulation`, or one of a user's own (see `Stations`). Or the stations themselves, where
   * the runner stays in this thread.
   */
  readonly stations: string | Stations;
  readonly driving: Driving;
  /** Whether episodes are recorded. */
  readonly record: boolean;
}

/** A station and the driver of its robot. */
interface Ready {
  readonly key: string;
  readonly station: Station;
  readonly driver: Driver;
}

/** Station and policy stay open from one episode to the next of the same setting. */
export class EpisodeRunner {
  private readonly options: RunnerOptions;
  private readonly open: typeof openPolicy;
  private ready: Ready | undefined;
  private policy: Policy | undefined;

  /** @param open opens the policy */
  constructor(options: RunnerOptions, open = openPolicy) {
    this.options = options;
    this.open = open;
  }

  /**
   * Runs one episode.
   * @param from a saved moment of this setting to continue at; without it the robot is reset
   * @throws Error as `prepare` and the robot do, or if the station saves no moments; a policy's faults are in the result
   */
  async run(
    assignment: Assignment,
    { from, ...listener }: Pick<EpisodeOptions, "onPeriod" | "value" | "signal"> & { readonly from?: SavedMoment } = {},
  ): Promise<Finished> {
    const { station, driver } = await this.prepare(assignment);
    const { robot, operator, timeLimit } = station;
    const recorded = this.options.record ? detachedEpisode(rolloutFeatures(robot), robot.fps) : undefined;
    const result = await runEpisode({
      seed: assignment.seed,
      timeLimit,
      robot,
      driver,
      operator,
      ...(recorded && { sink: { addFrame: (values, text) => recorded.add(values, text) } }),
      ...(from && { from: { ...from, moments: momentsOf(station) } }),
      ...listener,
    });
    const jumps = driver instanceof PolicyDriver ? jumpsAt(driver.borders, robot) : [];
    if (driver instanceof PolicyDriver && driver.stuck) await this.abandonPolicy();
    const content = result.outcome === "discarded" ? undefined : await recorded?.finish({});
    const again = result.outcome === "discarded" && operator.again?.() === true;
    const { unit } = robot;
    return {
      ...assignment,
      result,
      jumps,
      ...(unit && { unit }),
      ...(content && { content }),
      ...(again && { again }),
    };
  }

  /** @param torque how a real arm is left, see `Robot.close` */
  async close(torque?: "off" | "hold"): Promise<void> {
    await this.ready?.station.close(torque);
    await this.policy?.close();
  }

  /** Opens station and policy for an episode. @throws Error if the task is unknown or the policy cannot be opened */
  async prepare({ task, difficulty, randomise }: EpisodeSetting): Promise<Ready> {
    const key = `${task} ${difficulty} ${randomise}`;
    if (this.ready?.key === key) return this.ready;
    await this.ready?.station.close();
    this.ready = undefined;
    const { stations, driving } = this.options;
    const open = typeof stations === "string" ? await loadStations(stations) : stations;
    if (driving.supervisor === "person" && !open.only)
      throw new PistarError(
        "bad-option",
        "A person can take over on a robot with a robot file only; in simulation choose the supervisor scripted",
      );
    const station = await open.open({ task, difficulty, randomise }, driving.supervisor !== "none");
    try {
      this.ready = { key, station, driver: await this.openDriver(station) };
      return this.ready;
    } catch (error) {
      await station.close();
      throw error;
    }
  }

  private async openDriver({ robot, demonstrator }: Station): Promise<Driver> {
    const { policy, latency, ...options } = this.options.driving;
    if (policy === "demonstrator") {
      if (!demonstrator) throw new Error(`Expected a policy: no script can demonstrate on ${robot.type}`);
      return demonstrator;
    }
    // Episodes run in parallel, a thread each: more threads for one operator would only wait for one another.
    const { joints, unit, fps, realTime } = robot;
    // In real time the control loop has this thread for itself.
    this.policy ??= realTime
      ? await openPolicyInThread(policy, { ...options, joints, unit })
      : await this.open(policy, { ...options, joints, unit, threads: 1 });
    return new PolicyDriver(this.policy, { ...options, latency: periodsOf(latency, robot), joints, fps, realTime });
  }

  /** The next episode opens the policy anew: a policy that hangs costs one episode only. */
  private async abandonPolicy(): Promise<void> {
    this.policy?.close().catch(() => {}); // it may hang as well
    this.policy = undefined;
    await this.ready?.station.close();
    this.ready = undefined;
  }
}

/** What saves and restores a station's moments. @throws PistarError bad-option if it cannot, as a real robot */
export function momentsOf({ robot, moments }: Station): Rewindable {
  if (moments) return moments;
  throw new PistarError(
    "bad-option",
    `Expected a simulation that can save and restore its moments, got ${robot.type}: its station has no \`moments\` (see Rewindable)`,
  );
}

/** Control periods until an answer counts: one within a period counts at the period's end. The margin absorbs rounding of whole periods. */
const periodsOf = (seconds: number, { fps }: Robot): number => Math.ceil(seconds * fps - 1e-6);
