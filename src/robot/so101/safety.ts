// The limits of an arm's motion, as numbers in its robot file, and the watch over its motors.
import * as z from "zod";
import type { Calibration } from "./calibration.ts";
import { so101 } from "./joints.ts";
import type { Present } from "./present.ts";
import { countsPerTurn, faultsOf } from "./registers.ts";

const positive = z.number().gt(0);

export const limitsSchema = z.strictObject({
  speed: positive.default(90).describe("largest speed of a joint, degrees a second"),
  ahead: positive
    .default(25)
    .describe("largest distance of a goal from the joint, degrees: a blocked arm does not wind up"),
  restSpeed: positive.default(30).describe("speed of the way to the rest pose, degrees a second"),
  stallError: positive.default(5).describe("distance from the goal of a stalled joint, degrees"),
  stallLoad: positive.max(1).default(0.8).describe("load of a stalled joint, as a share of the full torque"),
  stallSeconds: positive
    .default(0.5)
    .describe("seconds of both until the goal goes back to the joint; the gripper is excepted"),
  current: positive.default(2.5).describe("largest current of a motor, amperes, for as long as a stall"),
  warnTemperature: positive.default(60).describe("temperature to warn at, degrees Celsius"),
  stopTemperature: positive.default(65).describe("temperature to stop at, degrees Celsius"),
  standstill: positive.default(0.2).describe("seconds without a new goal until the arm holds still"),
});

/** Limits of an arm; each has a default. */
export type Limits = z.infer<typeof limitsSchema>;

export const countsPerDegree = countsPerTurn / 360;
const gripper = so101.length - 1;
/** A faster joint, in degrees a second, is not blocked. It lags behind a quick goal. */
const still = 10;

const towards = (from: number, to: number, reach: number) => Math.max(from - reach, Math.min(from + reach, to));

/**
 * The goal to send, in counts: within the calibrated range, near the joint, and at most speed · dt from the last sent goal. The last of these
 * holds in any case, whatever moved the joint.
 * @param seconds since the last goal was sent
 */
export function limitedGoal(
  wanted: readonly number[],
  sent: readonly number[],
  present: readonly Pick<Present, "position">[],
  seconds: number,
  calibration: Calibration,
  limits: Pick<Limits, "speed" | "ahead">,
): number[] {
  const step = Math.floor(limits.speed * countsPerDegree * seconds);
  const ahead = Math.floor(limits.ahead * countsPerDegree);
  return wanted.map((goal, i) => {
    const { range_min, range_max } = calibration[i]!;
    const within = Math.min(range_max, Math.max(range_min, goal));
    return towards(sent[i]!, towards(present[i]!.position, within, ahead), step);
  });
}

/** What the watch has found. */
export interface Finding {
  /** Blocked joints. Their goals go back to their present positions. */
  readonly stalled: readonly number[];
  /** New warnings, once each. */
  readonly warnings: readonly string[];
  /** Why the arm must stop. */
  readonly stop?: string;
}

/** Watches temperatures, currents, error bits and stalls from one reading to the next. */
export class MotorWatch {
  private readonly limits: Limits;
  /** When each joint began to strain, milliseconds. */
  private readonly strainSince: (number | undefined)[] = [];
  private readonly warned = new Set<string>();

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** @param now milliseconds */
  update(present: readonly Present[], goals: readonly number[], now: number): Finding {
    const { limits } = this;
    const stalled: number[] = [];
    const warnings: string[] = [];
    let stop: string | undefined;
    for (const [i, motor] of present.entries()) {
      const name = so101[i]!.joint;
      const warn = (kind: string, text: string) => {
        if (!this.warned.has(`${name} ${kind}`)) warnings.push(`${name} ${text}`);
        this.warned.add(`${name} ${kind}`);
      };
      const error = Math.abs(goals[i]! - motor.position) / countsPerDegree;
      const pushes = i !== gripper && error > limits.stallError && Math.abs(motor.load) >= limits.stallLoad;
      const moves = Math.abs(motor.velocity) >= still * countsPerDegree;
      const strained = !moves && (pushes || motor.current > limits.current);
      this.strainSince[i] = strained ? (this.strainSince[i] ?? now) : undefined;
      if (strained && now - this.strainSince[i]! >= 1000 * limits.stallSeconds) {
        stalled.push(i);
        this.strainSince[i] = undefined;
        warnings.push(`${name} is blocked: its goal goes back to where it is`);
      }
      if (motor.temperature >= limits.stopTemperature)
        stop ??= `${name} has ${motor.temperature} °C (limit ${limits.stopTemperature}); let it cool down`;
      else if (motor.temperature >= limits.warnTemperature) warn("warm", `has ${motor.temperature} °C`);
      const faults = faultsOf(motor.error);
      const grave = faults.filter((fault) => fault !== "voltage");
      if (grave.length > 0)
        stop ??= `${name} reports ${grave.join(", ")}; take the load off, and switch its power off and on`;
      else if (faults.length > 0)
        warn("voltage", `reports a wrong voltage (${motor.voltage} V); is it the right power supply?`);
    }
    return { stalled, warnings, ...(stop !== undefined && { stop }) };
  }
}
