// Calibration by hand, as LeRobot does it: the middle of the ranges first, then all joints to both ends.
import { PistarError } from "../../system/index.ts";
import type { FeetechBus } from "./bus.ts";
import { type Calibration, storeCalibration } from "./calibration.ts";
import { so101 } from "./joints.ts";
import { motorIds, torqueOff } from "./motors.ts";
import { type Present, PresentReader } from "./present.ts";
import { countsPerTurn, registers } from "./registers.ts";

/** Position of the middle, counts. */
const middle = 2047;
/** It may turn without an end, so its range is a whole turn by rule. */
const turning = "wrist_roll";
/** Least share of its mechanical range that a complete recording covers. */
const complete = 0.7;
/** Where in its recorded range a joint may have begun. */
const nearMiddle = [0.25, 0.75] as const;

/** A joint's recording so far, counts. */
export interface RecordedRange {
  readonly joint: string;
  readonly position: number;
  readonly least: number;
  readonly greatest: number;
  /** What seems wrong with it; undefined if it seems right. */
  readonly fault?: string;
}

/** Mechanical range of a joint, counts. */
const mechanical = so101.map(({ limits: [low, high] }) => ((high - low) * countsPerTurn) / (2 * Math.PI));

export class CalibrationByHand {
  private readonly bus: FeetechBus;
  private readonly reader: PresentReader;
  private offsets: number[] = [];
  private ranges: { least: number; greatest: number; last: number; wrapped: boolean }[] = [];

  constructor(bus: FeetechBus, reader: PresentReader = new PresentReader(bus, motorIds)) {
    this.bus = bus;
    this.reader = reader;
  }

  /** Switches the torque off: the arm falls unless it is held. */
  async begin(): Promise<void> {
    await torqueOff(this.bus);
    for (const id of motorIds)
      if ((await this.bus.read(id, registers.Operating_Mode)) !== 0) await this.store(id, "Operating_Mode", 0);
  }

  /** Makes the present pose the middle of all joints. */
  async takeMiddle(): Promise<void> {
    for (const id of motorIds) {
      await this.store(id, "Homing_Offset", 0);
      await this.store(id, "Min_Position_Limit", 0);
      await this.store(id, "Max_Position_Limit", countsPerTurn - 1);
    }
    const offsets = (await this.positions()).map(({ position }) => position - middle);
    for (const [i, offset] of offsets.entries()) {
      if (Math.abs(offset) > middle)
        throw new PistarError(
          "unavailable",
          `${so101[i]!.joint} is at the border of its encoder; move it a little and begin anew`,
        );
      await this.store(motorIds[i]!, "Homing_Offset", offset);
    }
    this.offsets = offsets;
    this.ranges = (await this.positions()).map(({ position }) => ({
      ...{ least: position, greatest: position, last: position, wrapped: false },
    }));
  }

  /** Reads the joints once more. Call it many times a second while they are moved to both ends. */
  async record(): Promise<RecordedRange[]> {
    const motors = await this.positions();
    for (const [i, { position }] of motors.entries()) {
      const range = this.ranges[i]!;
      if (Math.abs(position - range.last) > countsPerTurn / 2) range.wrapped = true;
      range.last = position;
      range.least = Math.min(range.least, position);
      range.greatest = Math.max(range.greatest, position);
    }
    return this.ranges.map(({ least, greatest, last }, i) => {
      const fault = this.faultOf(i);
      return { joint: so101[i]!.joint, position: last, least, greatest, ...(fault && { fault }) };
    });
  }

  /**
   * Writes the calibration into the motors.
   * @throws PistarError unavailable if a joint was not moved, or wrapped around its encoder
   */
  async finish(): Promise<Calibration> {
    const bad = this.ranges.flatMap(({ least, greatest, wrapped }, i) =>
      so101[i]!.joint !== turning && (wrapped || least === greatest) ? [`${so101[i]!.joint}: ${this.faultOf(i)}`] : [],
    );
    if (bad.length > 0) throw new PistarError("unavailable", `${bad.join("\n")}\nBegin anew`);
    const calibration = this.ranges.map(({ least, greatest }, i) => ({
      id: motorIds[i]!,
      drive_mode: 0 as const,
      homing_offset: this.offsets[i]!,
      range_min: so101[i]!.joint === turning ? 0 : least,
      range_max: so101[i]!.joint === turning ? countsPerTurn - 1 : greatest,
    }));
    await storeCalibration(this.bus, calibration);
    return calibration;
  }

  private faultOf(i: number): string | undefined {
    const { least, greatest, wrapped } = this.ranges[i]!;
    const { joint } = so101[i]!;
    if (joint === turning) return undefined;
    if (wrapped) return "it went through the border of its encoder: the middle was not in the middle of its range";
    if (least === greatest) return "it has not moved";
    const share = (greatest - least) / mechanical[i]!;
    if (share < complete) return `only ${Math.round(100 * share)} % of its range so far; move it to both ends`;
    const begun = (middle - least) / (greatest - least);
    if (begun < nearMiddle[0] || begun > nearMiddle[1])
      return "the pose that was called the middle is near one of its ends; better begin anew";
    return undefined;
  }

  private async store(
    id: number,
    name: "Operating_Mode" | "Homing_Offset" | "Min_Position_Limit" | "Max_Position_Limit",
    value: number,
  ) {
    if ((await this.bus.read(id, registers[name])) === value) return;
    await this.bus.write(id, registers.Lock, 0);
    await this.bus.write(id, registers[name], value);
    await this.bus.write(id, registers.Lock, 1);
  }

  /** Homing makes positions jump, so no reading is compared with one from before. */
  private positions(): Promise<readonly Present[]> {
    return this.reader.read();
  }
}

/** Largest id of a motor. */
const largestId = 252;

/**
 * Gives the one motor on the line an id.
 * @param scan a bus that asks once and waits briefly
 * @returns the id that it had
 * @throws PistarError unavailable unless one motor answers
 */
export async function assignId(scan: FeetechBus, id: number): Promise<number> {
  const found: number[] = [];
  // New motors have the id 1.
  for (let candidate = 0; candidate <= largestId; candidate++)
    if ((await scan.ping(candidate)) !== undefined) found.push(candidate);
  if (found.length !== 1)
    throw new PistarError(
      "unavailable",
      found.length === 0
        ? `${scan.name}: no motor answers; connect one, with power`
        : `${scan.name}: expected one motor on the line, found ${found.length} (ids ${found.join(", ")})`,
    );
  const [before] = found;
  if (before === id) return before;
  await scan.write(before!, registers.Lock, 0);
  await scan.write(before!, registers.ID, id);
  await scan.write(id, registers.Lock, 1);
  return before!;
}
