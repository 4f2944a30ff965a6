// A leader arm: a person moves it, and the follower goes where it is. With low torque it can mirror the follower. A person
// then takes over at any moment.
import { PistarError } from "../../system/index.ts";
import type { FeetechBus } from "./bus.ts";
import { type Calibration, compareCalibration } from "./calibration.ts";
import { type Clock, realClock } from "./clock.ts";
import { checkMotors, motorIds, torqueOff } from "./motors.ts";
import { PresentReader } from "./present.ts";
import { registers } from "./registers.ts";
import { fromMotor, toMotor, type Unit } from "./units.ts";

export interface LeaderOptions {
  readonly bus: FeetechBus;
  readonly calibration: Calibration;
  readonly unit: Unit;
  readonly clock?: Clock;
}

/** Torque of a mirroring leader, of 1000: a hand overcomes it. */
const mirrorTorque = 300;

/** Largest distance of a mirroring leader's goal from where it is, in units. */
const reach = 6;

/** Connects to a leader, and switches its torque off. @throws PistarError as `connectSo101` */
export async function connectLeader(options: LeaderOptions): Promise<Leader> {
  const { bus, calibration } = options;
  await checkMotors(bus);
  const differences = await compareCalibration(bus, calibration);
  if (differences.length > 0)
    throw new PistarError(
      "wrong-layout",
      `${bus.name}: the leader's motors hold another calibration than its file (${differences.map(({ joint, field }) => `${joint}.${field}`).join(", ")}); \`pistar robot setup\` writes the file's into the motors`,
    );
  await torqueOff(bus);
  const leader = new Leader(options);
  await leader.read();
  return leader;
}

export class Leader {
  private readonly options: LeaderOptions;
  private readonly reader: PresentReader;
  private newest: { readonly pose: readonly number[]; readonly at: number } | undefined;
  private busy = false;
  private torque = false;

  /** @internal `connectLeader` makes one. */
  constructor(options: LeaderOptions) {
    this.options = options;
    this.reader = new PresentReader(options.bus, motorIds, options.clock);
  }

  /** Its pose now, in the follower's units. */
  async read(): Promise<readonly number[]> {
    const { calibration, unit, clock = realClock } = this.options;
    const motors = await this.reader.read();
    const pose = motors.map(({ position }, i) => fromMotor(position, i, calibration, unit));
    this.newest = { pose, at: clock.now() };
    return pose;
  }

  /** The newest pose that was read. Undefined if it is older than `maxAge` milliseconds. */
  recent(maxAge = 200): readonly number[] | undefined {
    const { clock = realClock } = this.options;
    return this.newest && clock.now() - this.newest.at <= maxAge ? this.newest.pose : undefined;
  }

  /** Begins to read its pose, and to drive it to `mirrored` if given, unless it is still at it. Failures show as a pose that gets old. */
  refresh(mirrored: readonly number[] | undefined): void {
    if (this.busy) return;
    this.busy = true;
    this.exchange(mirrored)
      .catch(() => {})
      .finally(() => {
        this.busy = false;
      });
  }

  async close(): Promise<void> {
    const { bus } = this.options;
    if (!bus.failure) await torqueOff(bus).catch(() => {});
    await bus.close();
  }

  private async exchange(mirrored: readonly number[] | undefined): Promise<void> {
    const { bus, calibration, unit } = this.options;
    if (mirrored) {
      // It comes slowly to the follower, also from far away.
      const { pose } = this.newest!;
      const near = mirrored.map((value, i) => Math.max(pose[i]! - reach, Math.min(pose[i]! + reach, value)));
      const goals = near.map((value, i) => toMotor(value, i, calibration, unit));
      await bus.syncWrite(motorIds, registers.Goal_Position, goals);
      if (!this.torque) {
        for (const id of motorIds) await bus.write(id, registers.Torque_Limit, mirrorTorque);
        for (const id of motorIds) await bus.write(id, registers.Torque_Enable, 1);
        this.torque = true;
      }
    } else if (this.torque) {
      this.torque = false;
      await torqueOff(bus);
    }
    await this.read();
  }
}
