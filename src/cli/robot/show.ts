// pistar robot show: what the motors and the cameras report. Nothing moves.
import type { Command } from "commander";
import {
  checkMotors,
  compareCalibration,
  emulatedPort,
  fromMotor,
  jointNames,
  motorFaults,
  motorIds,
  openCamera,
  PresentReader,
  type RobotFile,
  readRobotFile,
} from "../../robot/index.ts";
import { followerCalibration, openBus } from "../../rollout/index.ts";
import { explain } from "../help.ts";
import { table } from "../table.ts";
import { warn } from "../terminal.ts";

export function addShow(group: Command): void {
  explain(
    group
      .command("show <file>")
      .description("Show positions, temperatures, voltages and faults of the motors, and the cameras. Nothing moves.")
      .action(show),
    { examples: ["pistar robot show so101.json"] },
  );
}

async function show(path: string): Promise<void> {
  const file = readRobotFile(path);
  const calibration = followerCalibration(file);
  const { bus, clock, close } = await openBus(file.port, { timeout: file.timeout });
  try {
    await checkMotors(bus);
    const motors = await new PresentReader(bus, motorIds, clock).read();
    const rows = motors.map(({ position, load, current, temperature, voltage, error }, i) => [
      ...[jointNames[i]!, fromMotor(position, i, calibration, file.units).toFixed(1), String(position)],
      ...[`${Math.round(100 * load)} %`, `${current.toFixed(2)} A`, `${temperature} °C`, `${voltage.toFixed(1)} V`],
      motorFaults(error).join(", ") || "ok",
    ]);
    console.log(table(["joint", file.units, "counts", "load", "current", "temperature", "voltage", ""], rows));
    for (const { joint, field, motor, file: stored } of await compareCalibration(bus, calibration))
      warn(`${joint}.${field}: ${motor} in the motor, ${stored} in the calibration file`);
  } finally {
    await close();
  }
  if (file.port !== emulatedPort) await showCameras(file);
}

async function showCameras({ cameras }: RobotFile): Promise<void> {
  for (const [name, settings] of Object.entries(cameras)) {
    const camera = await openCamera(name, settings, warn);
    const { age = 0 } = camera.newest() ?? {};
    console.log(`camera ${name}: ${settings.device}, newest picture ${Math.round(1000 * age)} ms old`);
    await camera.close();
  }
}
