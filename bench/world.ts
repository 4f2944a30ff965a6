// The simulated world: control steps per second of the SO-101 and a task (three cubes and a bowl), on one and on two
// worker threads. A step has 20 physics steps and two 64×64 images (2×2 samples). The last line is JSON. Targets: 900
// steps/s on one thread, 1.85 times as many on two.
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { so101Joints } from "../src/robot/index.ts";
import { createTaskWorld, taskNamed, type World } from "../src/sim/index.ts";
import { median } from "./median.ts";

/** Every joint swings about the middle of its range above the table, with its own period. */
function swing(step: number): number[] {
  return so101Joints.map((_, joint) => [0, -20, 10, 60, 0, 50][joint]! + 30 * Math.sin((step * (7 + joint)) / 150));
}

async function episode(world: World, seed: number, steps: number): Promise<void> {
  await world.reset({ seed });
  for (let step = 0; step < steps; step++) {
    await world.observe();
    await world.act(swing(step));
  }
}

const steps = 200;

if (isMainThread) {
  // Workers do not inherit tsx, the reader of TypeScript here.
  const script = `import("${import.meta.resolve("tsx/esm/api")}").then(({ register }) => { register(); import("${import.meta.url}"); })`;
  const workers = [0, 1].map(() => new Worker(script, { eval: true }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  /** Control steps per second of all workers together, with an episode each. */
  const measure = async (count: number, seed: number) => {
    const start = performance.now();
    await Promise.all(
      workers.slice(0, count).map((worker, i) => {
        worker.postMessage(2 * seed + i);
        return once(worker, "message");
      }),
    );
    return (1000 * count * steps) / (performance.now() - start);
  };
  const rates = { one: [] as number[], two: [] as number[] };
  for (let i = 0; i < 5; i++) await measure(2, i); // warms up the just-in-time compilers
  for (let i = 0; i < 30; i++) {
    rates.one.push(await measure(1, i));
    rates.two.push(await measure(2, i));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  const [one, two] = [median(rates.one), median(rates.two)];
  console.log(`${one.toFixed(0)} control steps/s on one thread, ${two.toFixed(0)} on two`);
  console.log(JSON.stringify({ bench: "world", stepsPerSecond: one, stepsPerSecondTwo: two, ratio: two / one }));
} else {
  const world = await createTaskWorld(taskNamed("cube-in-bowl"));
  parentPort!.on("message", async (seed: number) => {
    await episode(world, seed, steps);
    parentPort!.postMessage(seed);
  });
  parentPort!.postMessage("ready");
}
