// Scripts begun in the middle of an attempt, as corrections are. A correction continues the attempt: it asks for the
// actions of a demonstration at the same place.
import { expect, test } from "vitest";
import { Arm, bestStyle, createTaskWorld, type Motion, type Task, taskNamed, type World } from "../../src/sim/index.ts";
import { random } from "../../src/system/index.ts";

interface Scene {
  readonly world: World;
  readonly arm: Arm;
  readonly object: string;
  /** The task's script, begun now. */
  readonly begin: () => Motion;
}

async function scene(task: Task, seed: number): Promise<Scene> {
  const world = await createTaskWorld(task, { cameras: [], difficulty: 0.3 });
  await world.reset({ seed });
  const arm = new Arm(world, bestStyle, random("arm"));
  const { instruction } = world;
  const begin = () => task.demonstrate({ world, arm, instruction, style: bestStyle, random: random(seed) });
  return { world, arm, object: task.named(instruction).object, begin };
}

/** Goes on with a motion until something is so, and says what was highest meanwhile. */
async function until({ world }: Scene, motion: Motion, isSo: () => boolean, watch = () => 0): Promise<number> {
  let highest = Number.NEGATIVE_INFINITY;
  for (const targets of motion) {
    await world.act(targets);
    highest = Math.max(highest, watch());
    if (isSo()) return highest;
  }
  throw new Error("Expected it to come to that, got the script's end");
}

const height =
  ({ arm }: Scene) =>
  () =>
    arm.position[2];

test.each(["cube-in-bowl", "stack-cubes", "peg-in-hole"])(
  "%s: open jaws over an object go on down and close, and what is held is brought where it goes",
  async (name) => {
    const task = taskNamed(name);
    for (const seed of [1, 2, 3]) {
      const at = await scene(task, seed);
      const { world, arm, object } = at;
      const over = world.physics.pose(object).position[2] + 0.035;
      await until(at, at.begin(), () => arm.gap > 0.035 && arm.position[2] < over);
      const from = arm.position[2];
      const highest = await until(at, at.begin(), () => arm.holds(object), height(at));
      expect(highest).toBeLessThan(from + 0.003);
      await until(at, at.begin(), () => task.reached(world.physics, world.instruction));
      arm.close();
      await world.close();
    }
  },
);

test("push-to-target: jaws around the block push on", async () => {
  const task = taskNamed("push-to-target");
  for (const seed of [1, 2, 3]) {
    const at = await scene(task, seed);
    const { world, arm, object } = at;
    const place = () => world.physics.pose(object).position;
    const [x, y] = place();
    const goal = world.physics.pose("target").position;
    await until(at, at.begin(), () => Math.hypot(place()[0] - x, place()[1] - y) > 0.03);
    const there = () => Math.hypot(place()[0] - goal[0], place()[1] - goal[1]) < 0.01;
    expect(await until(at, at.begin(), there, height(at))).toBeLessThan(0.035);
    await until(at, at.begin(), () => task.reached(world.physics, world.instruction));
    arm.close();
    await world.close();
  }
});

test.each(["cube-in-bowl", "push-to-target", "peg-in-hole"])(
  "%s: a grasp that missed is given up upwards, the jaws opened only above",
  async (name) => {
    const task = taskNamed(name);
    const at = await scene(task, 4);
    const { world, arm, object } = at;
    const { quaternion, position } = world.physics.pose(object);
    await until(at, at.begin(), () => arm.gap > 0.035 && arm.position[2] < position[2] + 0.02);
    // It is gone from between the jaws as they close.
    world.physics.place(object, { position: [position[0] + 0.05, position[1] - 0.04, position[2]], quaternion });
    for (const targets of arm.grip(0)) await world.act(targets);
    let openedAt: number | undefined;
    await until(
      at,
      at.begin(),
      () => task.reached(world.physics, world.instruction),
      () => {
        if (arm.gap > 0.025) openedAt ??= arm.position[2];
        return 0;
      },
    );
    expect(openedAt).toBeGreaterThan(0.05);
    arm.close();
    await world.close();
  },
);
