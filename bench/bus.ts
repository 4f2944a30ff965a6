// The arm's control loop on a pseudo-terminal (Linux, socat), six emulated motors in a process of their own. Prints p50, p95 and p99 of a sync read
// of 2 and of 15 bytes from each motor, and of the error of a control period at 50 and 60 Hz: alone, and beside two cameras of 640 × 480
// (testsrc2, decoded in threads) and a nano policy that answers without a pause. Rounds alternate between waiting by setTimeout and by the driver's
// clock, which stays awake for the last 2 ms. A tick is late if it begins a millisecond or more after its deadline. Last line: JSON with the
// ratio of the p99s, setTimeout over the clock.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPolicyInThread } from "../src/policy/index.ts";
import {
  FeetechBus,
  motorIds,
  openCamera,
  openSerialPort,
  realClock,
  registers,
  robotFileSchema,
} from "../src/robot/index.ts";
import { collect, collectOptions } from "../src/rollout/index.ts";
import { simulation } from "../src/sim/index.ts";
import { trainPolicy } from "../src/train/index.ts";
import { noPty, startPtyArm } from "../test/robot/start-pty.ts";
import { quantile } from "./median.ts";

const reads = 500;
const seconds = 4;
const reason = noPty();
if (reason) throw new Error(reason);

const shown = (numbers: readonly number[]) => {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => Number(quantile(numbers, share).toFixed(3)));
  return { p50, p95, p99, max: Number(Math.max(...numbers).toFixed(3)) };
};
const { address } = registers.Present_Position;
const found: Record<string, unknown> = {};
const print = (name: string, value: object) => {
  found[name] = value;
  console.log(name.padEnd(58), JSON.stringify(value));
};

const folder = mkdtempSync(join(tmpdir(), "pistar-bench-bus-"));
const arm = await startPtyArm();
const bus = new FeetechBus(await openSerialPort(arm.port), { timeout: 2000 });
try {
  for (const count of [2, 15]) {
    const times: number[] = [];
    for (let i = 0; i < reads; i++) {
      const start = performance.now();
      await bus.syncRead(motorIds, address, count);
      times.push(performance.now() - start);
    }
    print(`sync read of six times ${count} bytes, ms`, shown(times));
  }

  type Wait = (deadline: number) => Promise<void>;
  const waits: Readonly<Record<string, Wait>> = {
    setTimeout: (deadline) => new Promise((resolve) => setTimeout(resolve, deadline - performance.now())),
    clock: (deadline) => realClock.until(deadline),
  };
  /** Errors of the periods of a loop that reads and writes all motors. */
  async function loop(fps: number, wait: Wait): Promise<{ errors: number[]; late: number }> {
    const errors: number[] = [];
    let [late, last] = [0, 0];
    const start = performance.now();
    for (let tick = 1; tick <= seconds * fps; tick++) {
      const answers = await bus.syncRead(motorIds, address, 15);
      const goals = answers.map(({ data }) => data[0]! | (data[1]! << 8));
      await bus.syncWrite(motorIds, registers.Goal_Position, goals);
      const deadline = start + (1000 * tick) / fps;
      await wait(deadline);
      const now = performance.now();
      if (now - deadline >= 1) late++;
      if (last > 0) errors.push(Math.abs(now - last - 1000 / fps));
      last = now;
    }
    return { errors, late };
  }
  async function measure(name: string): Promise<void> {
    for (const fps of [50, 60]) {
      const all = Object.keys(waits).map((kind) => ({ kind, errors: [] as number[], late: 0 }));
      for (let round = 0; round < 2; round++)
        for (const one of all) {
          const { errors, late } = await loop(fps, waits[one.kind]!);
          one.errors.push(...errors);
          one.late += late;
        }
      for (const { kind, errors, late } of all)
        print(`period error at ${fps} Hz ${name}, ${kind}, ms`, { ...shown(errors), late, periods: errors.length });
    }
  }
  await measure("alone");

  const demos = { out: join(folder, "demos"), task: "push-to-target", episodes: 1, difficulty: 0, workers: 1 };
  await collect({ ...collectOptions.parse(demos), stations: simulation });
  const run = join(folder, "run");
  const options = { steps: 1, batchSize: 2, workers: 0, heldOut: 0, fast: false } as const;
  await trainPolicy({ run, datasets: [{ root: demos.out }], options });
  const policy = await openPolicyInThread(run);
  const settings = robotFileSchema.shape.cameras.parse({
    front: { device: "lavfi:testsrc2=size=640x480:rate=30,realtime" },
  }).front!;
  const cameras = await Promise.all(["front", "wrist"].map((name) => openCamera(name, settings, console.error)));
  let inferring = true;
  let answers = 0;
  const asking = (async () => {
    for (; inferring; answers++) {
      const [front, wrist] = await Promise.all(cameras.map((camera) => camera.latest()));
      await policy.infer({
        images: { front: front!, wrist: wrist! },
        state: new Float32Array(6),
        task: "push the block",
      });
    }
  })();
  await measure("beside cameras and policy");
  inferring = false;
  await asking;
  console.log(`${answers} answers of the policy meanwhile`);
  for (const camera of cameras) await camera.close();
  await policy.close();
  const p99 = (name: string) => (found[name] as { readonly p99: number }).p99;
  const ratio = (name: string) => p99(`${name}, setTimeout, ms`) / p99(`${name}, clock, ms`);
  console.log(
    JSON.stringify({
      bench: "bus",
      ...Object.fromEntries(
        [50, 60].flatMap((fps) =>
          ["alone", "beside cameras and policy"].map((where) => {
            const name = `period error at ${fps} Hz ${where}`;
            return [`p99 ratio at ${fps} Hz ${where}`, Number(ratio(name).toFixed(2))];
          }),
        ),
      ),
    }),
  );
} finally {
  await bus.close();
  await arm.close();
  rmSync(folder, { recursive: true });
}
