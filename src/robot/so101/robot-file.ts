// The robot file: an SO-101 as JSON, for `--robot so101.json`.
import * as z from "zod";
import { PistarError, readJsonAs } from "../../system/index.ts";
import { so101 } from "./joints.ts";
import { limitsSchema } from "./safety.ts";
import { units } from "./units.ts";

/** Opens the simulated arm on an emulated bus in place of a port. */
export const emulatedPort = "emulated";

const arm = {
  port: z
    .string()
    .min(1)
    .describe(`serial port (\`pistar robot ports\` lists them), or "${emulatedPort}" for the simulated arm`),
  id: z.string().min(1).describe("name of its LeRobot calibration"),
};

const cameraSchema = z.strictObject({
  device: z
    .string()
    .min(1)
    .describe('device, such as "/dev/video0"; in front of it "lavfi:" for a source of FFmpeg\'s'),
  width: z.int().min(16).default(640).describe("pixels that the camera is asked for"),
  height: z.int().min(16).default(480),
  fps: z.number().gt(0).default(30),
  size: z
    .tuple([z.int().min(16), z.int().min(16)])
    .default([224, 168])
    .describe("width and height of the pictures that policies see and datasets hold"),
  maxAge: z.number().gt(0).default(0.5).describe("age in seconds from which a picture is refused"),
});
export type CameraSettings = z.infer<typeof cameraSchema>;

const number = z.number();
const pose = z.strictObject(Object.fromEntries(so101.map(({ joint }) => [joint, number])));

export const robotFileSchema = z.strictObject({
  ...arm,
  timeout: z
    .number()
    .gt(0)
    .default(10)
    .describe("milliseconds to wait for a motor's answer; more for a USB chip with a latency timer, such as FTDI's"),
  units: z
    .enum(units)
    .describe("of the body joints: degrees (LeRobot's since February 2026), or normalised, −100 to 100"),
  fps: z.number().min(1).max(100).default(30).describe("control rate, Hz"),
  leader: z.strictObject(arm).optional(),
  cameras: z.record(z.string().regex(/^\w+$/), cameraSchema).default({}),
  rest: pose.optional().describe("pose to begin and end in, where the arm can lie without torque"),
  limits: limitsSchema.prefault({}),
  timeLimit: z.number().gt(0).default(60).describe("seconds after which an episode without success is a failure"),
});

/** An SO-101 with everything around it. */
export type RobotFile = z.infer<typeof robotFileSchema>;

/** Reads a robot file. @throws PistarError naming every wrong field */
export const readRobotFile = (path: string): RobotFile => readJsonAs(robotFileSchema, path);

/** The rest pose in the order of the joints. @throws PistarError wrong-layout if it was not recorded yet */
export function restOf({ rest }: Pick<RobotFile, "rest">): number[] {
  if (!rest)
    throw new PistarError(
      "wrong-layout",
      "The robot file has no rest pose; `pistar robot calibrate FILE --rest` records it",
    );
  return so101.map(({ joint }) => rest[joint]!);
}
