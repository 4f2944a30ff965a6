// The simulated SO-101 from outside: physics, determinism, save and restore, and a grasp.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { so101Joints, toRadians } from "../../src/robot/index.ts";
import { createWorld, type World } from "../../src/sim/index.ts";
import { random } from "../../src/system/index.ts";
import { cubeWorld, pickUp } from "./cube.ts";
import { wanderings } from "./wander.ts";

let world: World;
beforeAll(async () => {
  world = await cubeWorld();
});
afterAll(() => world.close());

test("the arm holds its pose against gravity, stretched out too", async () => {
  await world.reset({ seed: 0 });
  for (const target of [
    [0, -50, 40, 50, 0, 20],
    [30, 20, -20, 0, 50, 60],
    [0, 0, 0, 0, 0, 0],
  ]) {
    for (let i = 0; i < 75; i++) await world.act(target);
    const { state, task } = await world.observe();
    for (const [i, { name }] of so101Joints.entries()) expect(Math.abs(state[i]! - target[i]!), name).toBeLessThan(0.3);
    expect(task).toBe("pick up the cube");
  }
});

test("a picture from where the front camera stands is the front camera's", async () => {
  await world.reset({ seed: 0 });
  const size = { width: 48, height: 36 };
  const front = world.look({ name: "front", ...size });
  // The camera's axes are (0, 1, 0) to the right and (−0.88, 0, 0.48) upwards: it looks along their product, (−0.48, 0, −0.88).
  const seen = world.lookFrom({ from: [0.44, 0, 0.48], towards: [-0.04, 0, -0.4], fovy: 45, ...size });
  const different = seen.data.filter((byte, i) => Math.abs(byte - front.data[i]!) > 2).length;
  expect(different).toBeLessThan(0.01 * seen.data.length);
  expect(new Set(seen.data).size).toBeGreaterThan(10);
});

test("joints stop at their limits", async () => {
  await world.reset({ seed: 0 });
  for (const end of [100, -100]) {
    const target = [end, -60, 0, 0, end, end];
    for (let i = 0; i < 75; i++) await world.act(target);
    const angles = world.physics.data.qpos;
    const limits = toRadians(target);
    for (const i of [0, 4, 5]) expect(angles[i]).toBeCloseTo(limits[i]!, 2);
  }
});

test("bad targets leave the robot as it was", async () => {
  await world.reset({ seed: 3 });
  const before = world.saveMoment();
  await expect(world.act([0, 0, Number.NaN, 0, 0, 0])).rejects.toThrow("finite target for elbow_flex.pos");
  await expect(world.act([0, 0])).rejects.toThrow("Expected 6 joint targets");
  expect(world.saveMoment()).toEqual(before);
});

async function inWorker(seeds: readonly number[]): Promise<Float64Array[]> {
  const tsx = import.meta.resolve("tsx/esm/api");
  const file = new URL("./wander.ts", import.meta.url);
  const script = `import("${tsx}").then(async ({ register }) => {
    register();
    const { wanderings } = await import("${file}");
    require("node:worker_threads").parentPort.postMessage(await wanderings([${seeds}]));
  });`;
  const worker = new Worker(script, { eval: true });
  try {
    const [states] = await once(worker, "message");
    return states as Float64Array[];
  } finally {
    await worker.terminate();
  }
}

test("one seed gives the same bytes: again, in another world, and in a worker thread", async () => {
  const seeds = [1, 2, 3];
  const here = await wanderings(seeds);
  const again = await wanderings([...seeds].reverse()); // other episodes before it change nothing
  const there = await inWorker(seeds);
  for (const [i, state] of here.entries()) {
    expect(again[seeds.length - 1 - i]).toEqual(state);
    expect(there[i]).toEqual(state);
  }
  expect(here[0]).not.toEqual(here[1]);
});

test("a saved moment continues to the bit, in another world too, with what is seen and touched", async () => {
  await world.reset({ seed: 11 });
  const generator = random("continue");
  const targets = Array.from({ length: 40 }, () =>
    so101Joints.map(({ range: [low, high] }) => low + generator.uniform() * (high - low)),
  );
  for (const target of targets.slice(0, 20)) await world.act(target);
  const moment = world.saveMoment();
  const derived = ({ physics }: World) => ({
    geoms: physics.data.geom_xpos.slice(),
    turned: physics.data.geom_xmat.slice(),
    cameras: physics.data.cam_xpos.slice(),
    colours: physics.model.geom_rgba.slice(),
    lights: physics.data.light_xdir.slice(),
    contacts: physics.contacts,
  });
  const seen = derived(world);
  for (const target of targets.slice(20)) await world.act(target);
  const end = world.saveMoment();

  const other = await cubeWorld();
  for (const place of [world, other]) {
    place.restoreMoment(moment);
    expect(derived(place)).toEqual(seen);
    expect(place.saveMoment()).toEqual(moment);
    for (const target of targets.slice(20)) await place.act(target);
    expect(place.saveMoment()).toEqual(end);
  }
  await other.close();
});

test("light and colours vary with the seed and not otherwise; the cube stays red", async () => {
  const look = async (seed: number) => {
    await world.reset({ seed });
    const { geom_rgba, light_diffuse, light_dir } = world.physics.model;
    return [...geom_rgba, ...light_diffuse, ...light_dir];
  };
  const first = await look(5);
  const second = await look(6);
  expect(second).not.toEqual(first);
  expect(await look(5)).toEqual(first);
  const cube = world.physics.model.geom_rgba.slice(-4);
  expect(cube[0]! / cube[1]!).toBeCloseTo(8, 4);

  const plain = await cubeWorld({ randomise: false });
  await plain.reset({ seed: 5 });
  const colours = plain.physics.model.geom_rgba.slice();
  await plain.reset({ seed: 6 });
  expect(plain.physics.model.geom_rgba).toEqual(colours);
  await plain.close();
});

test("a cube within reach is grasped between both jaws and lifted, at least 19 seeds of 20", async () => {
  let lifted = 0;
  for (let seed = 100; seed < 120; seed++) {
    await world.reset({ seed });
    const height = await pickUp(world);
    const held = ["gripper", "moving_jaw"].every((jaw) => world.physics.contactForce(jaw, "cube") > 1);
    if (height > 0.03 && held) lifted++;
  }
  expect(lifted).toBeGreaterThanOrEqual(19);
});

test("a world of one's own, from a folder with a mesh, is driven in the same units", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pistar-world-"));
  try {
    const names = so101Joints.map(({ name }) => name.replace(".pos", ""));
    const corners = ["0 0 0", "0.1 0 0", "0 0.1 0", "0 0 0.1"].map((corner) => `v ${corner}`);
    await writeFile(join(folder, "corner.obj"), [...corners, "f 1 3 2", "f 1 2 4", "f 1 4 3", "f 2 3 4"].join("\n"));
    // Six links side by side, without gravity; the actuators stand in the opposite order of the joints.
    const links = names.map(
      (name, i) =>
        `<body pos="${i} 0 0"><joint name="${name}" axis="0 0 1" damping="0.5"/><geom type="mesh" mesh="corner"/></body>`,
    );
    const servos = names.map((name) => `<position name="${name}" joint="${name}" kp="10"/>`).reverse();
    await writeFile(
      join(folder, "arm.xml"),
      `<mujoco><option timestep="0.004" gravity="0 0 0"/><asset><mesh name="corner" file="corner.obj"/></asset>
      <worldbody>${links.join("")}</worldbody><actuator>${servos.join("")}</actuator></mujoco>`,
    );
    const setting = { scene: { folder, file: "arm.xml" }, arrange: () => "wave" };
    const own = await createWorld(setting);
    const target = [10, -20, 30, -40, 50, 60];
    for (let i = 0; i < 100; i++) await own.act(target);
    const { state, task } = await own.observe();
    expect(task).toBe("wave");
    for (const [i, x] of target.entries()) expect(state[i]).toBeCloseTo(x, 1);
    await own.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a control rate whose period is no whole number of steps is refused", async () => {
  await expect(cubeWorld({ fps: 30 })).rejects.toThrow("whole number of physics steps of 0.004 s, got 30 Hz");
});

test("worlds and episodes leave no memory behind", async () => {
  const { module } = world.physics.runtime;
  /** Where a megabyte finds room after so many episodes: further up where something was left behind. */
  const top = async (episodes: number) => {
    for (let i = 0; i < episodes; i++) {
      await world.reset({ seed: i });
      await world.act([0, 0, 0, 0, 0, 0]);
      world.physics.contactForce("cube", "world");
      if (i % 20 > 0) continue;
      const other = await cubeWorld();
      await other.close();
    }
    const probe = new module.DoubleBuffer(2 ** 17);
    const address = probe.GetPointer();
    probe.delete();
    return address;
  };
  const before = await top(100);
  // Fragments move it by less than a hundred bytes; one forgotten contact a reset by a megabyte.
  expect(Math.abs((await top(600)) - before)).toBeLessThan(4096);
});
