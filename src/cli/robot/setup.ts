// pistar robot setup: a robot file, and ids for new motors.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import {
  type ArmKind,
  assignId,
  checkMotors,
  compareCalibration,
  emulatedPort,
  jointNames,
  motorIds,
  readCalibration,
  readRobotFile,
  robotFileSchema,
  storeCalibration,
  torqueOff,
} from "../../robot/index.ts";
import { openBus } from "../../rollout/index.ts";
import { checked, PistarError, replaceFile, toJson } from "../../system/index.ts";
import { explain } from "../help.ts";
import { withDialogue } from "./ask.ts";

interface Flags {
  readonly port: string;
  readonly id: string;
  readonly units: string;
  readonly leaderPort?: string;
  readonly leaderId?: string;
  readonly camera: readonly string[];
  readonly motors?: boolean;
}

export function addSetup(group: Command): void {
  const command = group
    .command("setup <file>")
    .description("Write a robot file, give new motors their ids, write a calibration into the motors.")
    .requiredOption("--port <port>", 'serial port of the follower; "emulated" for a simulated arm')
    .requiredOption("--id <name>", "name of its LeRobot calibration")
    .option("--units <unit>", "of the body joints: degrees, or normalised (-100 to 100)", "degrees")
    .option("--leader-port <port>", "serial port of the leader")
    .option("--leader-id <name>", "name of the leader's calibration")
    .option("--camera <name=device...>", "cameras, such as front=/dev/video0", [])
    .option("--motors", "first give the follower's motors their ids, one by one");
  explain(command, {
    text: [
      "New motors all have the id 1. With --motors you connect them one by one, and each gets its id. An arm whose LeRobot calibration is on this computer is checked against it; if its motors hold another one, you are asked.",
    ],
    examples: [
      "pistar robot setup so101.json --port /dev/ttyACM0 --id mine --motors",
      "pistar robot setup so101.json --port /dev/ttyACM0 --id mine --leader-port /dev/ttyACM1 --leader-id lead --camera front=/dev/video0",
    ],
  }).action(setup);
}

async function setup(file: string, flags: Flags): Promise<void> {
  const { port, id, units, leaderPort, leaderId, camera } = flags;
  if ((leaderPort === undefined) !== (leaderId === undefined))
    throw new PistarError("bad-option", "Expected --leader-port and --leader-id together");
  const cameras = camera.map((text) => {
    const [, name, device] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (!name || !device)
      throw new PistarError(
        "bad-option",
        `--camera: expected a name and a device, such as front=/dev/video0, got ${text}`,
      );
    return [name, { device }];
  });
  // What a person wrote into an existing file stays.
  const before = existsSync(file) ? readRobotFile(file) : undefined;
  const wanted = {
    // The simulation takes whole steps.
    ...(port === emulatedPort && { fps: 25 }),
    ...before,
    ...{ port, id, units },
    ...(leaderPort !== undefined && { leader: { port: leaderPort, id: leaderId } }),
    ...(cameras.length > 0 && { cameras: { ...before?.cameras, ...Object.fromEntries(cameras) } }),
  };
  const checkedFile = checked(robotFileSchema, wanted, "the flags", "bad-option");
  if (flags.motors) await assignIds(port);
  const { bus, close } = await openBus(port, { timeout: checkedFile.timeout });
  try {
    await checkMotors(bus);
    await adoptCalibration(bus, port, "follower", id);
  } finally {
    await close();
  }
  if (leaderPort !== undefined && leaderPort !== emulatedPort) {
    const leader = await openBus(leaderPort, { timeout: checkedFile.timeout });
    try {
      await checkMotors(leader.bus);
      await adoptCalibration(leader.bus, leaderPort, "leader", leaderId!);
    } finally {
      await leader.close();
    }
  }
  replaceFile(file, `${toJson(checkedFile, 2)}\n`);
  console.log(
    `${file}: ${before ? "updated" : "written"}; next: pistar robot calibrate ${file}${calibrated(port, "follower", id) ? " --rest" : ""}`,
  );
}

async function assignIds(port: string): Promise<void> {
  await withDialogue(async ({ ask }) => {
    for (const [i, id] of [...motorIds.entries()].reverse()) {
      await ask(`Connect only the motor of ${jointNames[i]}, with power, and press Enter. `);
      const { bus, close } = await openBus(port, { timeout: 5, retries: 0 });
      try {
        const had = await assignId(bus, id);
        console.error(`${jointNames[i]}: id ${id}${had === id ? "" : ` (it was ${had})`}`);
      } finally {
        await close();
      }
    }
    await ask("Connect all motors in a chain, and press Enter. ");
  });
}

const calibrated = (port: string, kind: ArmKind, id: string): boolean => {
  if (port === emulatedPort) return true;
  try {
    readCalibration(kind, id);
    return true;
  } catch (error) {
    if (error instanceof PistarError && error.code === "missing-file") return false;
    throw error;
  }
};

async function adoptCalibration(
  bus: Parameters<typeof checkMotors>[0],
  port: string,
  kind: ArmKind,
  id: string,
): Promise<void> {
  if (port === emulatedPort || !calibrated(port, kind, id)) return;
  const { path, calibration } = readCalibration(kind, id);
  const differences = await compareCalibration(bus, calibration);
  if (differences.length === 0) return console.error(`${path}: the motors hold this calibration`);
  for (const { joint, field, motor, file } of differences)
    console.error(`${joint}.${field}: ${motor} in the motor, ${file} in the file`);
  const answer = await withDialogue(({ ask }) =>
    ask("Write the file's calibration into the motors? The arm loses its torque: support it. [y/N] "),
  );
  if (!/^y/i.test(answer)) return console.error("left as they are");
  await torqueOff(bus);
  await storeCalibration(bus, calibration);
}
