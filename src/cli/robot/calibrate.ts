// pistar robot calibrate: the ranges of the joints, and the rest pose.
import type { Command } from "commander";
import {
  CalibrationByHand,
  calibrationPath,
  checkMotors,
  emulatedPort,
  fromMotor,
  jointNames,
  motorIds,
  PresentReader,
  type RecordedRange,
  type RobotFile,
  readRobotFile,
  torqueOff,
  wait,
  writeCalibration,
} from "../../robot/index.ts";
import { type BareBus, followerCalibration, openBus } from "../../rollout/index.ts";
import { PistarError, replaceFile, toJson } from "../../system/index.ts";
import { explain } from "../help.ts";
import { type Dialogue, withDialogue } from "./ask.ts";

export function addCalibrate(group: Command): void {
  const command = group
    .command("calibrate <file>")
    .description("Record the ranges of the joints into a LeRobot calibration, and the rest pose into the robot file.")
    .option("--leader", "the leader in place of the follower")
    .option("--rest", "the rest pose alone: for an arm that LeRobot has calibrated");
  explain(command, {
    text: ["You move the arm by hand, without torque. The file goes where LeRobot looks for it."],
    examples: ["pistar robot calibrate so101.json", "pistar robot calibrate so101.json --rest"],
  }).action(calibrate);
}

async function calibrate(path: string, { leader, rest }: { leader?: boolean; rest?: boolean }): Promise<void> {
  const file = readRobotFile(path);
  const arm = leader ? file.leader : file;
  if (!arm) throw new PistarError("bad-option", `${path}: it has no leader`);
  if (leader && rest) throw new PistarError("bad-option", "A leader has no rest pose");
  const opened = await openBus(arm.port, { timeout: file.timeout });
  try {
    await checkMotors(opened.bus);
    await withDialogue(async (dialogue) => {
      if (!rest) {
        if (arm.port === emulatedPort)
          throw new PistarError("bad-option", "The emulated arm is calibrated, and nobody can move it by hand");
        await recordRanges(opened, dialogue, calibrationPath(leader ? "leader" : "follower", arm.id));
      }
      if (!leader) await recordRest(opened, dialogue, path, file);
    });
  } finally {
    await opened.close();
  }
}

async function recordRanges({ bus, clock }: BareBus, { ask, enterWhile }: Dialogue, path: string): Promise<void> {
  const byHand = new CalibrationByHand(bus);
  await ask("Hold the arm: its motors let go. Press Enter. ");
  await byHand.begin();
  await ask("Move every joint to the middle of its range, the gripper half open. Press Enter. ");
  await byHand.takeMiddle();
  let shown = 0;
  await enterWhile("Move every joint but wrist_roll slowly to both ends, then press Enter.", async () => {
    const ranges = await byHand.record();
    if (process.stderr.isTTY) {
      process.stderr.write(
        `${shown > 0 ? `\u001b[${shown}A` : ""}${ranges.map((range) => `\u001b[2K${bar(range)}\n`).join("")}`,
      );
      shown = ranges.length;
    }
    await wait(clock, 20);
  });
  for (const { joint, fault } of await byHand.record()) if (fault) console.error(`${joint}: ${fault}`);
  const calibration = await byHand.finish();
  writeCalibration(path, calibration);
  console.log(`${path}: written, and stored in the motors`);
}

/** Columns of a bar: the whole turn of the encoder. */
const width = 32;

/** A joint's recorded range and position, as a line. */
export function bar({ joint, position, least, greatest, fault }: RecordedRange): string {
  const column = (counts: number) => Math.min(width - 1, Math.floor((counts / 4096) * width));
  const cells = Array.from({ length: width }, (_, i) => {
    if (i === column(position)) return "|";
    return i >= column(least) && i <= column(greatest) ? "=" : ".";
  });
  return `${joint.padEnd(14)}${cells.join("")} ${String(least).padStart(4)} to ${String(greatest).padEnd(4)} ${fault ?? "ok"}`;
}

async function recordRest({ bus, clock }: BareBus, { ask }: Dialogue, path: string, file: RobotFile): Promise<void> {
  await ask("Support the arm: its motors let go. Press Enter. ");
  await torqueOff(bus);
  await ask("Lay the arm down in its rest pose, where it can lie without torque. Press Enter. ");
  const motors = await new PresentReader(bus, motorIds, clock).read();
  const calibration = followerCalibration(file);
  const values = motors.map(({ position }, i) => Number(fromMotor(position, i, calibration, file.units).toFixed(1)));
  const rest = Object.fromEntries(jointNames.map((name, i) => [name, values[i]!]));
  replaceFile(path, `${toJson({ ...file, rest }, 2)}\n`);
  console.log(`${path}: rest pose ${values.join(", ")}`);
}
