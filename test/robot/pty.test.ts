// The driver over a real serial port of the system: connect, move, one owner, a kill.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectSo101, FeetechBus, fromRadians, limitsSchema, openSerialPort } from "../../src/robot/index.ts";
import { emulatedCalibration } from "../../src/sim/index.ts";
import { noPty, startPtyArm } from "./start-pty.ts";

const skipped = noPty();
if (skipped) console.log(skipped);

const rest = fromRadians([0, -1.55, 1.4, 1, 0, 0]);
/** Long enough for a busy machine. */
const options = { timeout: 300 };

async function connect(port: string) {
  const bus = new FeetechBus(await openSerialPort(port), options);
  const limits = limitsSchema.parse({ standstill: 5 });
  return connectSo101({ bus, calibration: emulatedCalibration, unit: "normalised", limits, rest, fps: 25 });
}

test.skipIf(skipped !== undefined)(
  "an arm on a pseudo-terminal is connected, moved and left as a real one",
  async () => {
    const arm = await startPtyArm();
    try {
      const robot = await connect(arm.port);
      await expect(openSerialPort(arm.port)).rejects.toMatchObject({ code: "busy-lock" });
      const target = [10, ...rest.slice(1)];
      for (let i = 0; i < 25; i++) await robot.act(target);
      const { state } = await robot.observe();
      expect(state[0]).toBeGreaterThan(5);
      await robot.close();
      expect((await arm.state()).map(({ torque }) => torque)).toEqual(Array(6).fill(false));
    } finally {
      await arm.close();
    }
  },
);

test.skipIf(skipped !== undefined)(
  "a killed program: the arm holds its last goal, and the next program finds the port free",
  async () => {
    const arm = await startPtyArm();
    const folder = mkdtempSync(join(tmpdir(), "pistar-kill-"));
    try {
      // A process that moves the arm until it is killed.
      const program = join(folder, "mover.mts");
      const source = (path: string) => JSON.stringify(join(import.meta.dirname, "../../src", path));
      writeFileSync(
        program,
        `import { connectSo101, FeetechBus, limitsSchema, openSerialPort } from ${source("robot/index.ts")};
       import { emulatedCalibration } from ${source("sim/index.ts")};
       const bus = new FeetechBus(await openSerialPort(${JSON.stringify(arm.port)}), { timeout: 300 });
       const limits = limitsSchema.parse({ standstill: 5 });
       const rest = ${JSON.stringify(rest)};
       const robot = await connectSo101({ bus, calibration: emulatedCalibration, unit: "normalised", limits, rest, fps: 25 });
       for (let i = 0; ; i++) { await robot.act([60, ...rest.slice(1)]); if (i === 10) process.send("moving"); }`,
      );
      const child = fork(program, { execArgv: ["--import", "tsx"], cwd: join(import.meta.dirname, "../..") });
      await new Promise((resolve) => child.once("message", resolve));
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const [before] = await arm.state();
      await new Promise((resolve) => setTimeout(resolve, 300));
      const [after] = await arm.state();
      expect(before!.torque).toBe(true);
      expect(after!.goal).toBe(before!.goal);
      expect(Math.abs(after!.position - after!.goal)).toBeLessThan(15);
      const robot = await connect(arm.port);
      await robot.close();
      expect((await arm.state())[0]!.torque).toBe(false);
    } finally {
      await arm.close();
      rmSync(folder, { recursive: true });
    }
  },
);
