// An emulated SO-101 in real time behind a pseudo-terminal: a driver opens it as a serial port. Run as a program, it is the emulator of the test
// and of the benchmark: it prints the path of the port, and a line of JSON with the motors' state at its end.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { realClock } from "../../src/robot/index.ts";
import { createTaskWorld, emulateWorld, taskNamed } from "../../src/sim/index.ts";

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pistar-pty-"));
  const [inner, outer] = [join(folder, "inner"), join(folder, "arm")];
  const ends = [inner, outer].map((link) => `pty,raw,echo=0,link=${link}`);
  const socat = spawn("socat", ends, { stdio: "ignore" });
  while (!existsSync(inner) || !existsSync(outer)) await new Promise((resolve) => setTimeout(resolve, 10));
  const world = await createTaskWorld(taskNamed("cube-in-bowl"), { cameras: [], fps: 25 });
  const { chain } = emulateWorld(world, realClock);
  chain.advance(realClock.now());
  const port = new SerialPort({ path: inner, baudRate: 1_000_000 });
  port.on("data", (bytes: Uint8Array) => {
    for (const answer of chain.receive(bytes, realClock.now())) port.write(answer);
  });
  console.log(outer);
  process.stdin.on("data", () => {
    chain.advance(realClock.now());
    const state = chain.servos.map((servo) => ({
      torque: servo.torque,
      goal: servo.get("Goal_Position"),
      position: servo.get("Present_Position"),
    }));
    console.log(JSON.stringify(state));
  });
  process.stdin.on("end", () => {
    socat.kill();
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  });
}

await main();
