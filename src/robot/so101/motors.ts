// Connecting to the six motors of an arm: who is there, and their settings.
import { PistarError } from "../../system/index.ts";
import type { FeetechBus } from "./bus.ts";
import { so101 } from "./joints.ts";
import { type RegisterName, registers, sts3215 } from "./registers.ts";

/** Ids of the motors, in the order of the joints. */
export const motorIds: readonly number[] = so101.map((_, i) => i + 1);

/**
 * Asks all motors who they are.
 * @throws PistarError unavailable naming every motor that is missing or wrong
 */
export async function checkMotors(bus: FeetechBus): Promise<void> {
  const faults: string[] = [];
  const firmwares = new Map<string, string[]>();
  for (const [i, id] of motorIds.entries()) {
    const name = `motor ${id} (${so101[i]!.joint})`;
    if ((await bus.ping(id)) === undefined) {
      faults.push(`${name} does not answer`);
      continue;
    }
    const model = await bus.read(id, registers.Model_Number);
    if (model !== sts3215) faults.push(`${name} has the model number ${model}, expected ${sts3215} (STS3215)`);
    const version = [
      await bus.read(id, registers.Firmware_Major_Version),
      await bus.read(id, registers.Firmware_Minor_Version),
    ].join(".");
    firmwares.set(version, [...(firmwares.get(version) ?? []), String(id)]);
  }
  if (firmwares.size > 1)
    faults.push(
      `the motors have different firmware: ${[...firmwares].map(([version, ids]) => `${version} (${ids.join(", ")})`).join(", ")}; bring them to one version with Feetech's debugging software`,
    );
  if (faults.length === 0) return;
  const nobody = faults.length === motorIds.length && faults.every((fault) => fault.endsWith("does not answer"));
  throw new PistarError(
    "unavailable",
    nobody
      ? `${bus.name}: no motor answers; is the power supply plugged in, and is it the arm's port?`
      : `${bus.name}: ${faults.join("; ")}. Cables go from motor to motor, so a loose one silences those behind it`,
  );
}

type Settings = Readonly<Partial<Record<RegisterName, number>>>;

/** LeRobot's settings in EEPROM. */
const eeprom: Settings = {
  Return_Delay_Time: 0,
  Operating_Mode: 0,
  P_Coefficient: 16,
  I_Coefficient: 0,
  D_Coefficient: 32,
};
/** The gripper grasps by pushing, so its torque is limited. */
const gripperEeprom: Settings = { Max_Torque_Limit: 500, Protection_Current: 250, Overload_Torque: 25 };
const sramSettings: Settings = { Maximum_Acceleration: 254, Acceleration: 254 };

/** Bit of Phase that makes positions leave 0 to 4095. */
const angleFeedback = 0x10;

/**
 * Gives the motors of a follower LeRobot's settings. EEPROM is written where it differs, because it wears.
 * @throws PistarError unavailable if EEPROM must be written while the arm holds itself up; no-answer
 */
export async function configureMotors(bus: FeetechBus): Promise<void> {
  for (const [i, id] of motorIds.entries()) {
    const phase = await bus.read(id, registers.Phase);
    const wanted = { ...eeprom, ...(i === motorIds.length - 1 && gripperEeprom), Phase: phase & ~angleFeedback };
    for (const [name, value] of Object.entries(wanted)) {
      const register = registers[name as RegisterName];
      if ((await bus.read(id, register)) === value) continue;
      if ((await bus.read(id, registers.Torque_Enable)) !== 0)
        throw new PistarError(
          "unavailable",
          `${bus.name}: motor ${id} (${so101[i]!.joint}) holds itself up, and its settings have to be written without torque; support the arm and switch its power off and on`,
        );
      await bus.write(id, registers.Lock, 0);
      await bus.write(id, register, value);
      await bus.write(id, registers.Lock, 1);
      const found = await bus.read(id, register);
      if (found !== value)
        throw new PistarError(
          "unavailable",
          `${bus.name}: motor ${id} (${so101[i]!.joint}) did not take ${value} for ${name}: it holds ${found}`,
        );
    }
    for (const [name, value] of Object.entries(sramSettings))
      await bus.write(id, registers[name as RegisterName], value);
  }
}

/** Switches the torque of all motors off: the arm falls unless it lies. Tries each motor, also after one has failed. */
export async function torqueOff(bus: FeetechBus): Promise<void> {
  const results = await Promise.allSettled(motorIds.map((id) => bus.write(id, registers.Torque_Enable, 0)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
