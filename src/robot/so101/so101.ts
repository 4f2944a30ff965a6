// A real SO-101 follower. Its goals pass the limits of safety.ts, and whatever goes wrong makes it hold still.
import { PistarError } from "../../system/index.ts";
import { checkTargets, type EpisodeStart, type Health, type Joint, type Observation, type Robot } from "../robot.ts";
import type { FeetechBus } from "./bus.ts";
import { type Calibration, compareCalibration, type Difference, storeCalibration } from "./calibration.ts";
import type { CameraFeed } from "./camera-feed.ts";
import { type Clock, realClock, wait } from "./clock.ts";
import { so101 } from "./joints.ts";
import { checkMotors, configureMotors, motorIds, torqueOff } from "./motors.ts";
import { type Present, PresentReader } from "./present.ts";
import { faultsOf, registers } from "./registers.ts";
import { countsPerDegree, type Limits, limitedGoal, MotorWatch } from "./safety.ts";
import { calibratedJoints, fromMotor, toMotor, type Unit } from "./units.ts";

export interface So101Options {
  readonly bus: FeetechBus;
  readonly calibration: Calibration;
  readonly unit: Unit;
  readonly limits: Limits;
  /** Rest pose, in the unit of the joints. */
  readonly rest: readonly number[];
  /** Control rate, Hz. */
  readonly fps: number;
  readonly cameras?: readonly CameraFeed[];
  readonly clock?: Clock;
  /** The instruction until an episode gives another one. */
  readonly instruction?: string;
  /** Asked if the motors hold another calibration than the file. True writes the file's into the motors, and switches their torque off. */
  readonly adopt?: (differences: readonly Difference[]) => Promise<boolean>;
  /** Puts the scene back before an episode, with the arm at rest. */
  readonly prepare?: (start: EpisodeStart) => Promise<void>;
  /** Told what a person should know: warnings, and how the arm was left. */
  readonly say?: (text: string) => void;
}

/** Seconds over which the torque limit rises when the torque is switched on, and the number of steps. */
const rise = { seconds: 0.5, steps: 10 };
/** The full value of Torque_Limit. */
const fullTorque = 1000;
/** The gripper's, as LeRobot limits it. */
const gripperTorque = 500;

/**
 * Connects to an arm. Afterwards it has torque and holds its pose.
 * @throws PistarError unavailable (motors missing or wrong), wrong-layout (another calibration in the motors), no-answer
 */
export async function connectSo101(options: So101Options): Promise<So101> {
  const { bus, calibration, adopt, clock = realClock } = options;
  await checkMotors(bus);
  const differences = await compareCalibration(bus, calibration);
  if (differences.length > 0) {
    if (!(await adopt?.(differences)))
      throw new PistarError(
        "wrong-layout",
        `${bus.name}: the motors hold another calibration than the file:\n  ${differences.map(({ joint, field, motor, file }) => `${joint}.${field}: ${motor} in the motor, ${file} in the file`).join("\n  ")}\nIs it the right id and port? If so, \`pistar robot setup\` writes the file's into the motors; \`pistar robot calibrate\` makes a new one`,
      );
    await torqueOff(bus);
    await storeCalibration(bus, calibration);
  }
  await configureMotors(bus);
  const reader = new PresentReader(bus, motorIds, clock);
  const present = await reader.read();
  const goals = present.map(({ position }) => position);
  // A goal left from before would make the arm jump. A sync write is not acknowledged, so each motor is written alone.
  for (const [i, id] of motorIds.entries()) await bus.write(id, registers.Goal_Position, goals[i]!);
  for (let step = 1; step <= rise.steps; step++) {
    const torque = (limit: number) => Math.round((limit * step) / rise.steps);
    await bus.syncWrite(
      motorIds,
      registers.Torque_Limit,
      motorIds.map((_, i) => torque(i === motorIds.length - 1 ? gripperTorque : fullTorque)),
    );
    if (step === 1) for (const id of motorIds) await bus.write(id, registers.Torque_Enable, 1);
    await wait(clock, (1000 * rise.seconds) / rise.steps);
  }
  return new So101(options, reader, goals);
}

export class So101 implements Robot {
  readonly type = "so_follower";
  readonly joints: readonly Joint[];
  readonly cameras: Robot["cameras"];
  readonly fps: number;
  readonly realTime: boolean;
  readonly unit: Unit;
  private readonly options: So101Options;
  private readonly bus: FeetechBus;
  private readonly clock: Clock;
  private readonly reader: PresentReader;
  private watch: MotorWatch;
  private present: { readonly motors: readonly Present[]; readonly at: number } | undefined;
  /** The goals that were sent last, in counts, and when. */
  private sent: readonly number[];
  private sentAt: number;
  private tick = 0;
  private lateTicks = 0;
  private instruction: string;
  private cancelWatchdog: () => void = () => {};
  private stopped: PistarError | undefined;
  private closed = false;
  /** On the way to a pose: when it was last nearer than before. */
  private progress: { readonly at: number; readonly distance: number } | undefined;

  /** @internal `connectSo101` makes one. */
  constructor(options: So101Options, reader: PresentReader, goals: readonly number[]) {
    const { bus, calibration, unit, fps, cameras = [], clock = realClock, instruction = "", limits } = options;
    this.options = options;
    this.bus = bus;
    this.clock = clock;
    this.reader = reader;
    this.unit = unit;
    this.fps = fps;
    this.realTime = clock.real;
    this.joints = calibratedJoints(calibration, unit);
    this.cameras = cameras.map(({ name, width, height }) => ({ name, width, height }));
    this.watch = new MotorWatch(limits);
    this.instruction = instruction;
    this.sent = goals;
    this.sentAt = clock.now();
    this.tick = clock.now();
  }

  async reset(start: EpisodeStart): Promise<void> {
    this.instruction = start.instruction ?? this.instruction;
    await this.goToRest();
    await this.options.prepare?.(start);
    this.present = undefined;
    this.lateTicks = 0;
    this.tick = this.clock.now();
  }

  /** Sets the instruction of its observations. */
  instruct(instruction: string): void {
    this.instruction = instruction;
  }

  /** Its rest pose, in the unit of its joints. */
  get rest(): readonly number[] {
    return this.options.rest;
  }

  /** Where the arm was sent last, in the unit of its joints. */
  get commanded(): readonly number[] {
    return this.sent.map((counts, i) => fromMotor(counts, i, this.options.calibration, this.unit));
  }

  async observe(): Promise<Observation> {
    const { cameras = [], calibration } = this.options;
    const motors = await this.read();
    const state = Float32Array.from(motors, ({ position }, i) => fromMotor(position, i, calibration, this.unit));
    const images = await Promise.all(cameras.map(async (camera) => [camera.name, await camera.latest()] as const));
    return { images: Object.fromEntries(images), state, task: this.instruction };
  }

  async act(targets: ArrayLike<number>): Promise<void> {
    checkTargets(targets, this.joints);
    await this.send(
      Array.from(targets, (value, i) => toMotor(value, i, this.options.calibration, this.unit)),
      this.options.limits.speed,
    );
    await this.nextTick();
  }

  async hold(): Promise<void> {
    this.cancelWatchdog();
    if (this.closed || this.bus.failure) return;
    const motors = await this.reader.read();
    await this.write(motors.map(({ position }) => position));
  }

  async health(): Promise<Health> {
    const motors = await this.read();
    const joints = motors.map(({ current, temperature, voltage, error }, i) => ({
      name: this.joints[i]!.name,
      faults: faultsOf(error),
      current,
      temperature,
      voltage,
    }));
    return { joints, lateTicks: this.lateTicks };
  }

  /** With "off" the arm goes to rest, and then its torque goes. If the way is blocked or the port is gone, it holds instead, and says so. */
  async close(torque: "off" | "hold" = "off"): Promise<void> {
    if (this.closed) return;
    const { say } = this.options;
    try {
      if (this.bus.failure) say?.(this.bus.failure.message);
      else if (torque === "off") {
        await this.goToRest();
        this.cancelWatchdog();
        await torqueOff(this.bus);
      } else {
        await this.hold();
        say?.(holding);
      }
    } catch (error) {
      await this.hold().catch(() => {});
      say?.(this.bus.failure ? this.bus.failure.message : `${(error as Error).message}. ${holding}`);
    } finally {
      this.closed = true;
      this.cancelWatchdog();
      for (const camera of this.options.cameras ?? []) await camera.close();
      await this.bus.close();
    }
  }

  /** Moves slowly to a pose in the joints' unit, and returns when the arm is there or is blocked on the way. */
  async moveTo(pose: readonly number[]): Promise<void> {
    const { calibration, limits } = this.options;
    const goal = pose.map((value, i) => toMotor(value, i, calibration, this.unit));
    const settle = 1000;
    this.tick = this.clock.now();
    let arrived: number | undefined;
    for (;;) {
      const sent = await this.send(goal, limits.restSpeed);
      await this.nextTick();
      const near = (await this.read()).every(({ position }, i) => Math.abs(position - goal[i]!) < 2 * countsPerDegree);
      if (near) return;
      // A joint may rest a little off its goal.
      if (!sent.every((value, i) => value === goal[i])) arrived = undefined;
      else arrived ??= this.clock.now();
      if (arrived !== undefined && this.clock.now() - arrived > settle) return;
      this.checkProgress(goal);
    }
  }

  /** @throws PistarError unavailable if something blocks the way for three seconds */
  private checkProgress(goal: readonly number[]): void {
    const distance = this.present!.motors.reduce((sum, { position }, i) => sum + Math.abs(position - goal[i]!), 0);
    const now = this.clock.now();
    if (!this.progress || distance < this.progress.distance - countsPerDegree || now - this.progress.at > 10_000)
      this.progress = { at: now, distance };
    else if (now - this.progress.at > 3000) {
      this.progress = undefined;
      throw new PistarError("unavailable", "something blocks the arm's way to its rest pose");
    }
  }

  private async goToRest(): Promise<void> {
    this.progress = undefined;
    await this.moveTo(this.options.rest);
  }

  /** Sends limited goals and returns them. */
  private async send(wanted: readonly number[], speed: number): Promise<readonly number[]> {
    if (this.stopped) throw this.stopped;
    const { calibration, limits, say } = this.options;
    const motors = await this.read();
    const now = this.clock.now();
    const { stalled, warnings, stop } = this.watch.update(motors, this.sent, now);
    for (const warning of warnings) say?.(warning);
    if (stop !== undefined) {
      this.stopped = new PistarError("unavailable", stop);
      await this.hold();
      say?.(holding);
      throw this.stopped;
    }
    // Ticks that are made up must not add up to a higher speed. Time without goals gives no credit.
    const seconds = Math.min(now - this.sentAt, 1500 / this.fps) / 1000;
    const goals = limitedGoal(wanted, this.sent, motors, seconds, calibration, { ...limits, speed }).map((goal, i) =>
      stalled.includes(i) ? motors[i]!.position : goal,
    );
    await this.write(goals);
    this.cancelWatchdog = this.clock.watch(1000 * limits.standstill, () => {
      say?.(`no new goal for ${limits.standstill} s: the arm holds still`);
      this.hold().catch((error) => say?.((error as Error).message));
    });
    return goals;
  }

  private async write(goals: readonly number[]): Promise<void> {
    this.cancelWatchdog();
    await this.bus.syncWrite(motorIds, registers.Goal_Position, goals);
    this.sent = goals;
    this.sentAt = this.clock.now();
  }

  /** The motors, read at most half a control period ago. */
  private async read(): Promise<readonly Present[]> {
    const now = this.clock.now();
    if (this.present && now - this.present.at < 500 / this.fps) return this.present.motors;
    const motors = await this.reader.read();
    this.present = { motors, at: now };
    return motors;
  }

  /** Waits for the end of the control period. Deadlines are absolute: a late period does not delay those after it. */
  private async nextTick(): Promise<void> {
    this.tick += 1000 / this.fps;
    const now = this.clock.now();
    if (now <= this.tick) return this.clock.until(this.tick);
    this.lateTicks++;
    // After a longer stand nothing is made up.
    if (now - this.tick > 1000 * this.options.limits.standstill) this.tick = now;
  }
}

const holding =
  "The arm holds its pose with torque on. Support it, then run `pistar robot move rest`, or switch off its power";

/** Names of the joints without ".pos", for robot files. */
export const jointNames: readonly string[] = so101.map(({ joint }) => joint);
