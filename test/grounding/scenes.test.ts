// The places of a scene agree with its rendered images.
import { afterAll, beforeAll, expect, test } from "vitest";
import { SceneLoader } from "../../src/grounding/scene-loader.ts";
import { project, SceneMaker, type Scenes } from "../../src/grounding/scenes.ts";
import { cameras, graspYaw, instructions, things } from "../../src/grounding/things.ts";
import { so101Joints } from "../../src/robot/index.ts";
import { createTaskWorld, InverseKinematics, taskNamed, tasks } from "../../src/sim/index.ts";

let maker: SceneMaker;
beforeAll(async () => {
  maker = await SceneMaker.open(64);
});
afterAll(() => maker.close());

test("every instruction names bodies of its task's world", async () => {
  for (const task of tasks) {
    const world = await createTaskWorld(task);
    const bodies = world.physics.names("body");
    for (const instruction of task.instructions) {
      const { object, goal } = task.named(instruction);
      expect(bodies).toContain(object);
      expect(bodies).toContain(goal);
      expect(object).not.toBe(goal);
      expect(things).toContain(object);
      expect(things).toContain(goal);
    }
    await world.close();
  }
});

test("named bodies are those that the instruction's words say", () => {
  const named = (task: string, instruction: string) => taskNamed(task).named(instruction);
  expect(named("cube-in-bowl", "put the green cube in the bowl")).toEqual({ object: "green cube", goal: "bowl" });
  expect(named("stack-cubes", "stack the blue cube on the red cube")).toEqual({
    object: "blue cube",
    goal: "red cube",
  });
  expect(named("push-to-target", "push the red block onto the marked target and align it")).toEqual({
    object: "red block",
    goal: "target",
  });
  expect(named("peg-in-hole", "put the peg into the hole of the blue block")).toEqual({
    object: "peg",
    goal: "blue block",
  });
});

test("a point projects to the pixels that show it", async () => {
  const world = await createTaskWorld(taskNamed("stack-cubes"), { difficulty: 1, randomise: false });
  let compared = 0;
  for (let seed = 0; seed < 8; seed++) {
    await world.reset({ seed });
    const { physics } = world;
    const { segmentation } = world.look({ name: "front", width: 64, height: 64 });
    for (const body of ["red cube", "green cube", "blue cube"]) {
      const id = physics.id("body", body);
      const shown = [...segmentation.keys()].filter((pixel) => physics.model.geom_bodyid[segmentation[pixel]!] === id);
      const spot = project(physics, "front", physics.pose(body).position);
      if (shown.length < 8 || !spot) continue; // the arm is in the way
      const mean = (of: (pixel: number) => number) => shown.reduce((sum, pixel) => sum + of(pixel), 0) / shown.length;
      const pixel = (along: number) => ((along + 1) / 2) * 64 - 0.5;
      expect(Math.abs(pixel(spot[0]) - mean((p) => p % 64))).toBeLessThan(1);
      expect(Math.abs(pixel(spot[1]) - mean((p) => Math.floor(p / 64)))).toBeLessThan(1);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(12);
  expect(project(world.physics, "front", [5, 0, 0])).toBeUndefined(); // behind the camera
  expect(project(world.physics, "front", [0, 3, 0])).toBeUndefined(); // beside the picture
  await world.close();
});

test("the gripper's turn is the direction in which its jaws are told to close", async () => {
  const world = await createTaskWorld(taskNamed("stack-cubes"), { cameras: [] });
  await world.reset({ seed: 0 });
  const joints = so101Joints.slice(0, 5).map(({ name }) => name.replace(/\.pos$/, ""));
  const kinematics = new InverseKinematics(world.physics, { site: "grasp", joints });
  for (const yaw of [-0.5, 0, 0.7]) {
    const { joints: found } = kinematics.solve({ position: [0.24, 0.03, 0.06], yaw }, [0, -0.2, 0.6, 1.2, 0]);
    world.placeArm([...found, 0.5]);
    expect(graspYaw(world.physics)).toBeCloseTo(yaw, 2);
  }
  kinematics.close();
  await world.close();
});

test("turns: of what is not round, against the gripper, and in the wrist's picture the same", async () => {
  const scenes = await maker.make("turns", 64);
  let compared = 0;
  for (const [at, instruction] of scenes.instructions.entries()) {
    if (instruction.endsWith("bowl")) expect(scenes.turned[2 * at + 1]).toBe(0);
    const { object } = tasks.find(({ instructions }) => instructions.includes(instruction))!.named(instruction);
    const index = (at * cameras.length + cameras.indexOf("wrist")) * things.length + things.indexOf(object);
    if (scenes.spotTurned[index] === 0) continue;
    expect(scenes.spotTurns.subarray(2 * index, 2 * index + 2)).toEqual(scenes.turns.subarray(4 * at, 4 * at + 2));
    compared++;
  }
  expect(compared).toBeGreaterThan(10);
  // All but the bowls and the few that have fallen over.
  const bowls = scenes.instructions.filter((instruction) => instruction.endsWith("bowl")).length;
  const turned = scenes.turned.filter((known) => known === 1).length;
  expect(turned).toBeLessThanOrEqual(128 - bowls);
  expect(turned).toBeGreaterThan(0.85 * (128 - bowls));
  for (const [index, turned] of scenes.spotTurned.entries()) {
    expect(turned).toBeLessThanOrEqual(scenes.seen[index]!);
    expect(Math.hypot(...scenes.spotTurns.subarray(2 * index, 2 * index + 2))).toBeCloseTo(turned, 5);
  }
});

test("some scenes are late in an episode: the object is as good as at its goal, wherever the arm is", async () => {
  const { places, instructions: told, states } = await maker.make("late", 320);
  const near = new Map<string, number>();
  for (const [at, instruction] of told.entries()) {
    const [ox, oy, , gx, gy] = places.subarray(9 * at, 9 * at + 5);
    const [task] = tasks.filter(({ instructions }) => instructions.includes(instruction));
    if (Math.hypot(ox! - gx!, oy! - gy!) < 0.03) near.set(task!.name, (near.get(task!.name) ?? 0) + 1);
  }
  expect([...near.keys()].sort()).toEqual(tasks.map(({ name }) => name).sort());
  const total = [...near.values()].reduce((a, b) => a + b);
  expect(total).toBeGreaterThan(0.15 * 320);
  expect(total).toBeLessThan(0.5 * 320);
  expect(states.every(Number.isFinite)).toBe(true);
});

test("a seed's scenes are the same to the byte, another's are others; what is seen is inside the picture", async () => {
  const scenes = await maker.make("a", 16);
  expect(await maker.make("a", 16)).toEqual(scenes);
  expect((await maker.make("b", 16)).places).not.toEqual(scenes.places);
  for (const instruction of scenes.instructions) expect(instructions).toContain(instruction);
  for (const [index, seen] of scenes.seen.entries()) {
    const spot = scenes.spots.subarray(2 * index, 2 * index + 2);
    expect(Math.max(...spot.map(Math.abs))).toBeLessThanOrEqual(seen);
  }
  const grasps = Array.from({ length: 16 }, (_, at) => scenes.places.slice(at * 9 + 6, at * 9 + 9));
  expect(new Set(grasps.map(String)).size).toBe(16); // the arm is somewhere else in each
  expect(scenes.seen.some((seen, index) => seen === 1 && things[index % things.length] !== "grasp")).toBe(true);
});

test("batches follow from seed and number, whatever the number of threads and wherever one begins", async () => {
  const options = { seed: "s", batchSize: 2, pictureSize: 16 };
  const take = async (workers: number, state: number, count: number): Promise<Scenes[]> => {
    const loader = new SceneLoader({ ...options, workers, state });
    const batches: Scenes[] = [];
    for (let i = 0; i < count; i++) batches.push(await loader.next());
    expect(loader.state()).toBe(state + count);
    await loader.close();
    return batches;
  };
  const one = await take(1, 0, 3);
  expect(await take(2, 0, 3)).toEqual(one);
  expect(await take(2, 2, 1)).toEqual(one.slice(2));
  expect(one[0]!.pictures.front).toHaveLength(2 * 16 * 16 * 3);
  expect(cameras).toEqual(Object.keys(one[0]!.pictures));
});
