// LeRobot's calibration of an SO-101: one JSON file an arm, and the same numbers inside the motors.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { PistarError, readJsonAs, replaceFile } from "../../system/index.ts";
import type { FeetechBus } from "./bus.ts";
import { so101 } from "./joints.ts";
import { countsPerTurn, type RegisterName, registers } from "./registers.ts";

const count = z.int();
const motorSchema = z.strictObject({
  id: z.int().min(0).max(252),
  drive_mode: z.literal([0, 1]),
  homing_offset: count.min(-2047).max(2047),
  range_min: count.min(0).max(countsPerTurn - 1),
  range_max: count.min(0).max(countsPerTurn - 1),
});

/** One motor: its id, whether its normalised units are reversed, and counts: offset, smallest and largest position. */
export type MotorCalibration = z.infer<typeof motorSchema>;

const names = so101.map(({ joint }) => joint);

const calibrationSchema = z
  .strictObject(Object.fromEntries(names.map((name) => [name, motorSchema])))
  .transform((motors) => names.map((name) => motors[name]!))
  .refine((motors) => motors.every(({ range_min, range_max }) => range_min < range_max), {
    message: "range_min below range_max for each joint",
  })
  .refine((motors) => new Set(motors.map(({ id }) => id)).size === motors.length, {
    message: "a different id for each motor",
  });

/** The six motors in LeRobot's order. */
export type Calibration = readonly MotorCalibration[];

/** A follower moves; a leader is moved by hand. */
export type ArmKind = "follower" | "leader";

/** LeRobot's folder of calibrations. */
function root(): string {
  const { HF_LEROBOT_CALIBRATION, HF_LEROBOT_HOME, HF_HOME } = process.env;
  const home = HF_LEROBOT_HOME ?? join(HF_HOME ?? join(homedir(), ".cache/huggingface"), "lerobot");
  return HF_LEROBOT_CALIBRATION ?? join(home, "calibration");
}

/** Where LeRobot keeps the calibration of an arm: today's place first, then those of before 2026. */
function calibrationPaths(kind: ArmKind, id: string): string[] {
  const folder = kind === "follower" ? "robots" : "teleoperators";
  return ["so", "so101", "so100"].map((arm) => join(root(), folder, `${arm}_${kind}`, `${id}.json`));
}

/** Today's place of an arm's calibration. */
export const calibrationPath = (kind: ArmKind, id: string): string => calibrationPaths(kind, id)[0]!;

/**
 * Reads an arm's calibration.
 * @throws PistarError missing-file naming all places, or damaged-file
 */
export function readCalibration(
  kind: ArmKind,
  id: string,
): { readonly path: string; readonly calibration: Calibration } {
  const paths = calibrationPaths(kind, id);
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new PistarError(
      "missing-file",
      `Expected the calibration of the ${kind} "${id}" in one of\n  ${paths.join("\n  ")}\nMake it with \`pistar robot calibrate\`, or correct the id`,
      { path: paths[0] },
    );
  return { path, calibration: readJsonAs(calibrationSchema, path) };
}

/** Writes a calibration as LeRobot writes it. */
export function writeCalibration(path: string, calibration: Calibration): void {
  const motors = Object.fromEntries(names.map((name, i) => [name, calibration[i]]));
  replaceFile(path, JSON.stringify(motors, null, 4));
}

const named = <Name extends RegisterName>(name: Name) => ({ ...registers[name], name });

/** The registers that hold a calibration. */
export const storedRegisters = [
  ["homing_offset", named("Homing_Offset")],
  ["range_min", named("Min_Position_Limit")],
  ["range_max", named("Max_Position_Limit")],
] as const;

/** A number that motor and file do not agree on. */
export interface Difference {
  readonly joint: string;
  readonly field: (typeof storedRegisters)[number][0];
  readonly motor: number;
  readonly file: number;
}

/** Compares a calibration with what the motors hold. @throws PistarError no-answer */
export async function compareCalibration(bus: FeetechBus, calibration: Calibration): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const [i, expected] of calibration.entries())
    for (const [field, register] of storedRegisters) {
      const motor = await bus.read(expected.id, register);
      if (motor !== expected[field]) found.push({ joint: names[i]!, field, motor, file: expected[field] });
    }
  return found;
}

/** Writes a calibration into the motors. Their torque must be off. Only numbers that differ are written, because EEPROM wears. */
export async function storeCalibration(bus: FeetechBus, calibration: Calibration): Promise<void> {
  for (const expected of calibration)
    for (const [field, register] of storedRegisters) {
      if ((await bus.read(expected.id, register)) === expected[field]) continue;
      await bus.write(expected.id, registers.Lock, 0);
      await bus.write(expected.id, register, expected[field]);
      await bus.write(expected.id, registers.Lock, 1);
    }
}
