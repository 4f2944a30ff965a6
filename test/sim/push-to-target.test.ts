// The pushing task: success, placement, a block that cannot be lifted, and a demonstrator that succeeds.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Arm,
  bestStyle,
  createTaskWorld,
  type Motion,
  sampleStyle,
  taskNamed,
  tasks,
  type World,
} from "../../src/sim/index.ts";
import { random } from "../../src/system/index.ts";
import { demonstration, successes } from "./demonstration.ts";

const task = taskNamed("push-to-target");
const colours = ["red", "green", "blue"];
const degrees = Math.PI / 180;
/** Half the height of a block, metres. */
const halfHeight = 0.018;

let world: World;
let arm: Arm;
beforeAll(async () => {
  world = await createTaskWorld(task, { cameras: [] });
  for (let seed = 1; !world.instruction.startsWith("push the red block"); seed++) await world.reset({ seed });
  arm = new Arm(world, bestStyle, random("arm"));
});
afterAll(async () => {
  arm.close();
  await world.close();
});

interface Offset {
  readonly dx?: number;
  readonly dy?: number;
  readonly dz?: number;
  readonly turn?: number;
}

/** Puts a block on the target, or so far from it, at rest. */
function put(block: string, { dx = 0, dy = 0, dz = 0, turn = 0 }: Offset = {}): void {
  const { position, quaternion } = world.physics.pose("target");
  const yaw = 2 * Math.atan2(quaternion[3], quaternion[0]) + turn * degrees;
  world.physics.place(block, {
    position: [position[0] + dx, position[1] + dy, halfHeight + dz],
    quaternion: [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)],
  });
  world.physics.forward();
}

const reached = () => task.reached(world.physics, world.instruction);

async function run(motion: Motion): Promise<void> {
  for (const targets of motion) await world.act(targets);
}

describe("success", () => {
  test.each<[string, Offset]>([
    ["on the target", {}],
    ["15 mm beside its middle", { dx: -15e-3 }],
    ["turned by 14°", { turn: -14 }],
    ["turned by a quarter, which a square cannot show", { turn: 90 }],
    ["both a little", { dx: 10e-3, dy: 10e-3, turn: 190 }],
  ])("%s counts", async (_, offset) => {
    put("red block", offset);
    expect(reached()).toBe(true);
    await run(arm.wait(0.4));
    expect(reached()).toBe(true);
  });

  test.each<[string, Offset]>([
    ["18 mm off", { dx: 18e-3 }],
    ["13 mm off on both axes", { dx: 13e-3, dy: -13e-3 }],
    ["turned by 20°", { turn: 20 }],
    ["turned by 45°", { turn: 45 }],
    ["lifted by 3 mm", { dz: 3e-3 }],
  ])("%s does not", (_, offset) => {
    put("red block", offset);
    expect(reached()).toBe(false);
  });

  test("moving, tilted or fallen over does not, nor does another block", () => {
    const { physics } = world;
    put("red block");
    const dof = physics.model.jnt_dofadr[physics.model.body_jntadr[physics.id("body", "red block")]!]!;
    physics.data.qvel[dof] = 0.05;
    expect(reached()).toBe(false);

    const { position } = physics.pose("target");
    const lying = (angle: number, z: number) => {
      physics.place("red block", {
        position: [position[0], position[1], z],
        quaternion: [Math.cos(angle / 2), Math.sin(angle / 2), 0, 0],
      });
      physics.forward();
      return reached();
    };
    expect(lying(8 * degrees, halfHeight)).toBe(false);
    expect(lying(90 * degrees, 0.02)).toBe(false);
    expect(lying(180 * degrees, halfHeight)).toBe(false);

    put("red block", { dx: 0.1 });
    put("green block");
    expect(reached()).toBe(false);
  });

  test("held does not; and jaws that close on a block cannot lift it", async () => {
    const { physics } = world;
    await world.reset({ seed: 2 });
    const block = `${world.instruction.split(" ")[2]} block`;
    put(block);
    const { position, quaternion } = physics.pose("target");
    const [x, y] = position;
    const yaw = 2 * Math.atan2(quaternion[3], quaternion[0]);
    await run(arm.grip(0.6));
    await run(arm.reach({ position: [x, y, 0.09], yaw }));
    await run(arm.slide({ position: [x, y, 0.014], yaw }));
    expect(reached()).toBe(true);
    await run(arm.grip(0));
    expect(arm.holds(block)).toBe(true);
    expect(reached()).toBe(false);
    let highest = 0;
    for (const targets of arm.rise(0.09)) {
      await world.act(targets);
      highest = Math.max(highest, physics.pose(block).position[2]);
    }
    expect(arm.position[2]).toBeGreaterThan(0.085);
    expect(highest).toBeLessThan(halfHeight + 0.002);
  });
});

describe("arrangement", () => {
  test("two blocks and the target within reach, apart, with room for the push; the third block out of sight", async () => {
    const { physics } = world;
    const named = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      await world.reset({ seed });
      expect(task.instructions).toContain(world.instruction);
      const pushed = world.instruction.split(" ")[2]!;
      const [x, y] = physics.pose("target").position;
      const distance = (block: string) => {
        const [bx, by] = physics.pose(block).position;
        return Math.hypot(bx - x, by - y);
      };
      const there = colours.filter((colour) => physics.pose(`${colour} block`).position[2] > 0);
      const other = there.find((colour) => colour !== pushed)!;
      expect(there).toHaveLength(2);
      expect(there).toContain(pushed);
      named.add(`${pushed}, not ${other}`);
      for (const body of ["target", ...there.map((colour) => `${colour} block`)]) {
        const [bx, by] = physics.pose(body).position;
        const radius = Math.hypot(bx - 0.0388, by);
        expect(radius).toBeGreaterThan(0.155);
        expect(radius).toBeLessThan(0.255);
      }
      expect(distance(`${pushed} block`)).toBeGreaterThan(0.079);
      expect(distance(`${other} block`)).toBeGreaterThan(0.074);
      expect(reached()).toBe(false);
    }
    expect(named.size).toBe(6);
  });

  test("difficulty 0 puts what is named in one place, a higher one around it", async () => {
    const places = async (difficulty: number) => {
      const other = await createTaskWorld(task, { cameras: [], difficulty });
      const seen = new Set<string>();
      for (let seed = 0; seed < 6; seed++) {
        await other.reset({ seed });
        const { position } = other.physics.pose(`${other.instruction.split(" ")[2]} block`);
        seen.add(position.map((x) => x.toFixed(3)).join());
      }
      await other.close();
      return seen.size;
    };
    expect(await places(0)).toBe(1);
    expect(await places(0.3)).toBe(6);
  });
});

describe("demonstrations", () => {
  test("the expert succeeds on at least 19 of 20 seeds, in any order the same", async () => {
    expect(await successes(task, world, 20, () => bestStyle)).toBeGreaterThanOrEqual(19);
    const once = await demonstration(task, world, 7, bestStyle);
    await demonstration(task, world, 8, bestStyle);
    expect(await demonstration(task, world, 7, bestStyle)).toEqual(once);
  });

  test("people of all styles succeed often, but not always", async () => {
    const count = await successes(task, world, 20, (seed) => sampleStyle(random(seed).split("style")));
    expect(count).toBeGreaterThanOrEqual(12);
    expect(count).toBeLessThan(20);
  });

  test("the list of tasks has it", () => {
    expect(tasks).toContain(task);
  });
});
