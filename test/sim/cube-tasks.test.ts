// The two cube tasks: success, failure, and demonstrators that succeed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bestStyle, createTaskWorld, Judge, type Task, taskNamed, type World } from "../../src/sim/index.ts";
import { demonstration } from "./demonstration.ts";

const cubeInBowl = taskNamed("cube-in-bowl");
const stackCubes = taskNamed("stack-cubes");
/** Half a side of cube-in-bowl's cubes, metres. */
const half = 0.0125;
const upright = [1, 0, 0, 0] as const;

/** A world of `task` whose seed gives `instruction`. */
async function instructed(task: Task, instruction: string): Promise<World> {
  const world = await createTaskWorld(task);
  for (let seed = 0; world.instruction !== instruction; seed++) await world.reset({ seed });
  return world;
}

/** Puts a body at rest somewhere and says whether the goal is reached once the physics has had its say for `periods`. */
async function reachedWith(task: Task, world: World, body: string, at: readonly [number, number, number], periods = 0) {
  world.physics.place(body, { position: at, quaternion: upright });
  world.physics.forward();
  const { state } = await world.observe();
  for (let i = 0; i < periods; i++) await world.act(state);
  return task.reached(world.physics, world.instruction);
}

describe("cube-in-bowl", () => {
  let world: World;
  let bowl: readonly [number, number, number];
  beforeAll(async () => {
    world = await instructed(cubeInBowl, "put the red cube in the bowl");
    bowl = world.physics.pose("bowl").position;
  });
  afterAll(() => world.close());
  const tryAt = (body: string, dx: number, z: number, periods = 0) =>
    reachedWith(cubeInBowl, world, body, [bowl[0] + dx, bowl[1], z], periods);

  test("the named cube inside counts, in the middle and at the wall", async () => {
    expect(await tryAt("red cube", 0, half, 25)).toBe(true);
    expect(await tryAt("red cube", 0.018, half)).toBe(true);
  });

  test("beside the bowl, above it, on its rim or falling does not count", async () => {
    expect(await tryAt("red cube", 0.08, half, 25)).toBe(false);
    expect(await tryAt("red cube", 0, 0.06)).toBe(false);
    expect(await tryAt("red cube", 0.041, 0.03 + half)).toBe(false);
    world.physics.place("red cube", { position: [bowl[0], bowl[1], half + 0.004], quaternion: upright });
    await world.act((await world.observe()).state);
    world.physics.data.qvel.fill(0.2);
    expect(cubeInBowl.reached(world.physics, world.instruction)).toBe(false);
  });

  test("another cube inside does not count", async () => {
    await tryAt("red cube", 0.1, half);
    expect(await tryAt("green cube", 0, half, 25)).toBe(false);
  });
});

describe("stack-cubes", () => {
  const half = 0.02;
  let world: World;
  beforeAll(async () => {
    world = await instructed(stackCubes, "stack the red cube on the blue cube");
  });
  afterAll(() => world.close());
  const tryAt = (body: string, dx: number, z: number, periods = 0) => {
    const [x, y] = world.physics.pose("blue cube").position;
    return reachedWith(stackCubes, world, body, [x + dx, y, z], periods);
  };

  test("resting on the named cube counts", async () => {
    expect(await tryAt("red cube", 0, 3 * half, 25)).toBe(true);
    expect(await tryAt("red cube", 0.017, 3 * half, 25)).toBe(true);
  });

  test("over an edge, beside it, or in the air does not count, nor does another cube", async () => {
    expect(await tryAt("red cube", 0.022, 3 * half)).toBe(false);
    expect(await tryAt("red cube", 0.05, half, 10)).toBe(false);
    expect(await tryAt("red cube", 0, 3 * half + 0.01)).toBe(false);
    expect(await tryAt("green cube", 0, 3 * half, 10)).toBe(false);
  });
});

describe("the judge", () => {
  test("wants the goal to hold for half a second, and nothing thrown", async () => {
    const world = await instructed(cubeInBowl, "put the red cube in the bowl");
    const judge = new Judge(cubeInBowl, world);
    const { state } = await world.observe();
    const bowl = world.physics.pose("bowl").position;
    const into = () => {
      world.physics.place("red cube", { position: [bowl[0], bowl[1], half], quaternion: upright });
      world.physics.forward();
    };
    const verdicts = async (periods: number) => {
      const seen: boolean[] = [];
      for (let i = 0; i < periods; i++) {
        await world.act(state);
        seen.push(judge.update());
      }
      return seen;
    };
    judge.reset();
    into();
    const seen = await verdicts(20);
    expect(seen.indexOf(true)).toBe(12); // the 13th look completes half a second at 25 Hz
    expect(seen.slice(12)).not.toContain(false);

    // Taken out and put back, it has to hold anew.
    world.physics.place("red cube", { position: [bowl[0], bowl[1], 0.2], quaternion: upright });
    await verdicts(1);
    into();
    expect((await verdicts(13)).indexOf(true)).toBe(12);

    // A cube that flies sideways was thrown, wherever it comes to rest.
    judge.reset();
    const dof = world.physics.model.jnt_dofadr[world.physics.model.body_jntadr[world.physics.id("body", "red cube")]!]!;
    world.physics.place("red cube", { position: [bowl[0] - 0.1, bowl[1], 0.15], quaternion: upright });
    world.physics.data.qvel[dof] = 0.6;
    await verdicts(1);
    into();
    expect(await verdicts(20)).not.toContain(true);
    judge.reset();
    expect(await verdicts(13)).toContain(true);
    await world.close();
  });
});

describe.each([cubeInBowl, stackCubes])("$name", (task) => {
  test("its expert succeeds on at least 9 of 10 seeds, in any order the same", async () => {
    const world = await createTaskWorld(task);
    const outcomes = [];
    for (let seed = 0; seed < 10; seed++) outcomes.push(await demonstration(task, world, seed, bestStyle));
    expect(outcomes.filter(({ success }) => success).length).toBeGreaterThanOrEqual(9);
    expect(await demonstration(task, world, 4, bestStyle)).toEqual(outcomes[4]);
    await world.close();
  });

  test("difficulty 0 puts everything in one place, 1 everywhere", async () => {
    const where = async (difficulty: number) => {
      const world = await createTaskWorld(task, { difficulty });
      const poses: string[] = [];
      for (let seed = 0; seed < 3; seed++) {
        await world.reset({ seed });
        poses.push(
          JSON.stringify(task.objects.map((body) => world.physics.pose(body).position.map((x) => x.toFixed(4)))),
        );
      }
      await world.close();
      return new Set(poses).size;
    };
    expect(await where(0)).toBe(1);
    expect(await where(1)).toBe(3);
    await expect(createTaskWorld(task, { difficulty: 1.5 })).rejects.toThrow("difficulty from 0 to 1, got 1.5");
  });
});
