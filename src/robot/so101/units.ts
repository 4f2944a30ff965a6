// Units of an SO-101's joints. Since February 2026 LeRobot's body joints are degrees by default, before they were −100 to 100. The gripper is always 0
// to 100. Datasets and feature names do not say which. Statistics sometimes tell; otherwise the user has to.
import type { Joint } from "../robot.ts";
import type { Calibration, MotorCalibration } from "./calibration.ts";
import { so101 } from "./joints.ts";

/** Unit of the five body joints: degrees from the middle of the recorded range, or −100 to 100 over it. */
export type Unit = "degrees" | "normalised";

export const units = ["degrees", "normalised"] as const satisfies readonly Unit[];

/** LeRobot divides by 4095, although a turn has 4096 counts. */
const perDegree = 4095 / 360;

const isGripper = (joint: number) => joint === so101.length - 1;
const middle = ({ range_min, range_max }: MotorCalibration) => (range_min + range_max) / 2;

/** The joints with their calibrated ranges in this unit. */
export function calibratedJoints(calibration: Calibration, unit: Unit): Joint[] {
  return so101.map(({ joint, range }, i) => {
    const half = (calibration[i]!.range_max - middle(calibration[i]!)) / perDegree;
    return { name: `${joint}.pos`, range: unit === "normalised" || isGripper(i) ? range : [-half, half] };
  });
}

/** Counts → the joint's value, as LeRobot computes it: degrees are not clamped, the other units are. */
export function fromMotor(counts: number, joint: number, calibration: Calibration, unit: Unit): number {
  const motor = calibration[joint]!;
  if (unit === "degrees" && !isGripper(joint)) return (counts - middle(motor)) / perDegree;
  const within = Math.min(motor.range_max, Math.max(motor.range_min, counts));
  const share = (within - motor.range_min) / (motor.range_max - motor.range_min);
  if (isGripper(joint)) return 100 * (motor.drive_mode ? 1 - share : share);
  return (200 * share - 100) * (motor.drive_mode ? -1 : 1);
}

/** A joint's value → counts, truncated towards zero as LeRobot does, and held within the calibrated range. */
export function toMotor(value: number, joint: number, calibration: Calibration, unit: Unit): number {
  const motor = calibration[joint]!;
  const clamped = (counts: number) => Math.min(motor.range_max, Math.max(motor.range_min, Math.trunc(counts)));
  if (unit === "degrees" && !isGripper(joint)) return clamped(value * perDegree + middle(motor));
  const share = isGripper(joint)
    ? motor.drive_mode
      ? 1 - value / 100
      : value / 100
    : ((motor.drive_mode ? -value : value) + 100) / 200;
  return clamped(share * (motor.range_max - motor.range_min) + motor.range_min);
}

/**
 * The unit of recorded positions, by their extremes: body joints beyond ±100 are degrees. Within, nothing is proved.
 * @param extremes smallest and largest value of each joint, in the order of `names`
 */
export function unitOf(
  names: readonly string[],
  extremes: readonly (readonly [number, number])[],
): "degrees" | undefined {
  // Rounding of normalised values leaves them within ±100.
  const beyond = names.some(
    (name, i) => name !== "gripper.pos" && extremes[i]!.some((value) => Math.abs(value) > 100.001),
  );
  return beyond ? "degrees" : undefined;
}
