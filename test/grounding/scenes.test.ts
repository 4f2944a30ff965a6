// What scenes say of where things are, against what is to be seen in their pictures.
import { afterAll, beforeAll, expect, test } from "vitest";
import { SceneLoader } from "../../src/grounding/scene-loader.ts";
import { cameras, instructions, project, SceneMaker, type Scenes, things } from "../../src/grounding/scenes.ts";
import { createTaskWorld, taskNamed, tasks } from "../../src/robot/index.ts";

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
    await world.reset(seed);
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
