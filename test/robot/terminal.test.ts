// `pistar collect` on a serial port in real time, with a camera and a person at the keys of a terminal (script, socat).
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataset } from "../../src/data/index.ts";
import { fromRadians, jointNames, writeCalibration } from "../../src/robot/index.ts";
import { emulatedCalibration } from "../../src/sim/index.ts";
import { noPty, startPtyArm } from "./start-pty.ts";

const skipped =
  noPty() ?? (spawnSync("script", ["--version"]).status === 0 ? undefined : "skipped: script is not installed");
if (skipped) console.log(skipped);

test.skipIf(skipped !== undefined)("a person judges by a key, and Ctrl-C takes the arm to rest", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-terminal-"));
  const arm = await startPtyArm();
  try {
    writeCalibration(join(folder, "calibration/robots/so_follower/mine.json"), emulatedCalibration);
    const rest = fromRadians([0, -1.55, 1.4, 1, 0, 0]);
    const file = join(folder, "so101.json");
    writeFileSync(
      file,
      JSON.stringify({
        ...{ port: arm.port, id: "mine", units: "normalised", fps: 20, timeout: 500 },
        rest: Object.fromEntries(jointNames.map((name, i) => [name, rest[i]])),
        limits: { standstill: 2 },
        cameras: { front: { device: "lavfi:testsrc2=size=640x480:rate=30,realtime", size: [64, 48], maxAge: 5 } },
      }),
    );
    const out = join(folder, "data");
    const main = join(import.meta.dirname, "../../src/cli/main.ts");
    const flags = `--robot ${file} --task wave --policy still --episodes 3 --out ${out}`;
    const command = `${process.execPath} --import tsx ${main} collect ${flags}`;
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: join(import.meta.dirname, "../.."),
      env: { ...process.env, HF_LEROBOT_CALIBRATION: join(folder, "calibration") },
    });
    // Success in the first episode, Ctrl-C in the second.
    const keys = ["s", "\u0003"];
    let text = "";
    let asked = 0;
    let judged = 0;
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      const times = (words: string) => text.split(words).length - 1;
      if (times("Then press space") > asked) {
        asked++;
        child.stdin.write(" ");
      }
      // The keys are explained as an episode begins. A while later it has frames.
      if (times("space pause") > judged) {
        const key = keys[judged++];
        if (key) setTimeout(() => child.stdin.write(key), 2000);
      }
    });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(text).toContain("1 episodes more, 1 of them successes; 1 discarded");
    expect(text).toContain("press again to stop at once: the arm then holds its pose");
    expect(code).toBe(130);
    expect((await arm.state()).map(({ torque }) => torque)).toEqual(Array(6).fill(false));
    const dataset = await openDataset(out);
    expect(dataset.episodes.map(({ extra }) => extra.episode_success)).toEqual(["success"]);
    expect([dataset.robotType, dataset.cameras]).toEqual(["so_follower", ["observation.images.front"]]);
    await dataset.close();
  } finally {
    await arm.close();
    rmSync(folder, { recursive: true });
  }
});
