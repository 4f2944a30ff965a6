// The peg task: success, placement, and a demonstrator that succeeds, even from a toppled peg.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Arm,
  bestStyle,
  createTaskWorld,
  Judge,
  type Motion,
  sampleStyle,
  taskNamed,
  tasks,
  type World,
} from "../../src/sim/index.ts";
import { random } from "../../src/system/index.ts";
import { demonstration, successes } from "./demonstration.ts";

const task = taskNamed("peg-in-hole");
const degrees = Math.PI / 180;
/** Half the peg's width and height, the block's height, and from the hole's middle to that of a wall, metres. */
const [half, halfHeight, depth, wall] = [0.01, 0.025, 0.024, 0.018];

let world: World;
let arm: Arm;
beforeAll(async () => {
  world = await createTaskWorld(task, { cameras: [], difficulty: 0 });
  for (let seed = 1; !world.instruction.endsWith("red block"); seed++) await world.reset({ seed });
  arm = new Arm(world, bestStyle, random("arm"));
});
afterAll(async () => {
  arm.close();
  await world.close();
});

interface Offset {
  /** Metres from the middle of the hole in the red block, and over the table; along the block's sides. */
  readonly dx?: number;
  readonly dy?: number;
  readonly dz?: number;
  /** Degrees about the vertical, and about the block's y axis. */
  readonly turn?: number;
  readonly tilt?: number;
}

/** Puts the peg into a hole, or so far from there, at rest. The blocks of difficulty 0 have no yaw. */
function put({ dx = 0, dy = 0, dz = 0, turn = 0, tilt = 0 }: Offset = {}, block = "red block"): void {
  const [x, y] = world.physics.pose(block).position;
  const [a, b] = [(turn * degrees) / 2, (tilt * degrees) / 2];
  world.physics.place("peg", {
    position: [x + dx, y + dy, halfHeight + dz],
    quaternion: [
      Math.cos(b) * Math.cos(a),
      -Math.sin(b) * Math.sin(a),
      Math.sin(b) * Math.cos(a),
      Math.cos(b) * Math.sin(a),
    ],
  });
  world.physics.forward();
}

const reached = () => task.reached(world.physics, world.instruction);

async function run(motion: Motion): Promise<void> {
  for (const targets of motion) await world.act(targets);
}

describe("success", () => {
  test.each<[string, Offset]>([
    ["in the hole", {}],
    ["at one of its corners", { dx: 2.7e-3, dy: -2.7e-3 }],
    ["turned by a quarter, which a square cannot show", { turn: 90 }],
    ["upside down", { tilt: 180 }],
  ])("%s counts", async (_, offset) => {
    put(offset);
    expect(reached()).toBe(true);
    await run(arm.wait(0.4));
    expect(reached()).toBe(true);
  });

  test.each<[string, Offset]>([
    ["standing on a wall", { dx: wall, dz: depth }],
    ["standing askew on two walls over the hole", { turn: 45, dz: depth }],
    ["lying across the hole", { tilt: 90, dz: depth + half - halfHeight }],
    ["lying beside the block", { dy: 0.035, tilt: 90, dz: half - halfHeight }],
    ["standing beside the block", { dx: -0.03 }],
    ["leaning against the block", { dx: -0.041, tilt: 35 }],
    ["leaning into the hole over its edge", { dx: -0.008, tilt: 25, dz: 0.014 }],
  ])("%s does not count, then and later", async (_, offset) => {
    put(offset);
    expect(reached()).toBe(false);
    for (let i = 0; i < 20; i++) {
      await run(arm.wait(0.04));
      expect(reached()).toBe(false);
    }
  });

  test("half in does not count; falling in from there does once it is at rest", async () => {
    put({ dz: 0.012 });
    expect(reached()).toBe(false);
    await run(arm.wait(0.04));
    expect(reached()).toBe(false);
    await run(arm.wait(0.5));
    expect(reached()).toBe(true);
  });

  test("in the other block's hole does not count", async () => {
    put({}, "blue block");
    await run(arm.wait(0.4));
    expect(world.physics.pose("peg").position[2]).toBeCloseTo(halfHeight, 3);
    expect(reached()).toBe(false);
    expect(task.reached(world.physics, "put the peg into the hole of the blue block")).toBe(true);
  });

  test("held does not count, let go does", async () => {
    put();
    const [x, y] = world.physics.pose("peg").position;
    await run(arm.grip(0.45));
    await run(arm.reach({ position: [x - 0.0065, y, 0.1], yaw: 0 }));
    await run(arm.slide({ position: [x - 0.0065, y, 0.04], yaw: 0 }));
    await run(arm.grip(-0.13));
    expect(arm.holds("peg")).toBe(true);
    expect(reached()).toBe(false);
    await run(arm.grip(0.45));
    await run(arm.rise(0.1));
    expect(reached()).toBe(true);
  });

  test("a peg that flew there does not count", async () => {
    const judge = new Judge(task, world);
    const verdicts = async () => {
      const seen: boolean[] = [];
      for (let i = 0; i < 14; i++) {
        await run(arm.wait(0.04));
        seen.push(judge.update());
      }
      return seen;
    };
    judge.reset();
    put();
    expect(await verdicts()).toContain(true);
    judge.reset();
    put({ dz: 0.1, dy: -0.15 }); // clear of the hand
    world.physics.data.qvel[world.physics.model.jnt_dofadr[pegJoint()]!] = 0.6;
    await run(arm.wait(0.04));
    judge.update();
    put();
    expect(reached()).toBe(true);
    expect(await verdicts()).not.toContain(true);
  });
});

describe("what a person who watches sees coming", () => {
  const atRisk = () => task.isAtRisk!(world.physics, arm);
  /** The open hand, so far from having a peg that stands by itself in its middle, and over its grasp. */
  const handAt = async ([aside, along, above]: readonly [number, number, number]) => {
    put({ dx: 0.1 });
    await run(arm.grip(0.45));
    put({ dy: -0.1 });
    const [x, y] = world.physics.pose("peg").position;
    const over = [x - 0.0065 + aside, y + along] as const;
    await run(arm.reach({ position: [...over, 0.1], yaw: 0 }));
    await run(arm.slide({ position: [...over, 0.04 + above], yaw: 0 }));
  };

  test.each<[string, boolean, Offset]>([
    ["on a wall", true, { dx: wall, dz: depth }],
    ["on a corner", true, { dx: wall, dy: wall, dz: depth }],
    ["held over it", false, { dx: wall, dz: depth + 0.02 }],
    ["in the hole", false, {}],
    ["half in", false, { dz: 0.012 }],
    ["beside the block", false, { dx: -0.035 }],
  ])("a peg %s, nobody near: %s", async (_, risky, offset) => {
    await run(arm.reach({ position: [0.2, -0.1, 0.12], yaw: 0 }));
    put(offset);
    expect(atRisk()).toBe(risky);
  });

  test.each<[string, boolean, readonly [number, number, number]]>([
    ["around it", false, [0, 0, 0]],
    ["to one side", true, [0, 0.015, 0]],
    ["with the moving jaw over it", true, [-0.016, 0, 0.015]],
  ])("the open hand %s: %s, and so closing topples it or grasps it", async (_, risky, offset) => {
    await handAt(offset);
    expect(atRisk()).toBe(risky);
    await run(arm.grip(-0.13));
    await run(arm.rise(0.12));
    expect(task.isLost!(world.physics)).toBe(risky);
    expect(arm.holds("peg")).toBe(!risky);
    expect(atRisk()).toBe(false);
    await run(arm.grip(0.45));
  });

  test("the open hand to one side is no risk from high above", async () => {
    await handAt([0, 0.018, 0.06]);
    expect(atRisk()).toBe(false);
  });
});

function pegJoint(): number {
  return world.physics.model.body_jntadr[world.physics.id("body", "peg")]!;
}

describe("arrangement", () => {
  test("peg and blocks within reach and apart, the peg upright, both blocks named", async () => {
    const anywhere = await createTaskWorld(task, { cameras: [] });
    const { physics } = anywhere;
    const named = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      await anywhere.reset({ seed });
      expect(task.instructions).toContain(anywhere.instruction);
      named.add(anywhere.instruction);
      expect(physics.pose("peg").position[2]).toBeCloseTo(halfHeight, 3);
      const places = ["peg", "red block", "blue block"].map((body) => physics.pose(body).position);
      for (const [x, y] of places) {
        expect(Math.hypot(x - 0.0388, y)).toBeGreaterThan(0.159);
        expect(Math.hypot(x - 0.0388, y)).toBeLessThan(0.251);
      }
      const [pegAt, red, blue] = places.map(([x, y]) => [x, y] as const) as [Point, Point, Point];
      // The circles around a block and around the peg, and 20 mm.
      expect(apart(red, blue)).toBeGreaterThan(0.085);
      expect(Math.min(apart(pegAt, red), apart(pegAt, blue))).toBeGreaterThan(0.066);
      expect(task.reached(physics, anywhere.instruction)).toBe(false);
    }
    expect(named.size).toBe(2);
    await anywhere.close();
  });

  test("difficulty 0 puts everything in one place, a higher one around it", async () => {
    const places = async (difficulty: number) => {
      const other = await createTaskWorld(task, { cameras: [], difficulty });
      const seen = new Set<string>();
      for (let seed = 0; seed < 6; seed++) {
        await other.reset({ seed });
        const at = ["peg", "red block", "blue block"].flatMap((body) => other.physics.pose(body).position);
        seen.add(at.map((x) => x.toFixed(3)).join());
      }
      await other.close();
      return seen.size;
    };
    expect(await places(0)).toBe(1);
    expect(await places(0.3)).toBe(6);
  });
});

type Point = readonly [number, number];

function apart([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(ax - bx, ay - by);
}

describe("demonstrations", () => {
  let anywhere: World;
  beforeAll(async () => {
    anywhere = await createTaskWorld(task, { cameras: [] });
  });
  afterAll(() => anywhere.close());
  test("the expert succeeds on at least 19 of 20 seeds, in any order the same", async () => {
    expect(await successes(task, anywhere, 20, () => bestStyle)).toBeGreaterThanOrEqual(19);
    const once = await demonstration(task, anywhere, 7, bestStyle);
    await demonstration(task, anywhere, 8, bestStyle);
    expect(await demonstration(task, anywhere, 7, bestStyle)).toEqual(once);
  });

  test("people of all styles succeed often, but not always", async () => {
    const count = await successes(task, anywhere, 20, (seed) => sampleStyle(random(seed).split("style")));
    expect(count).toBeGreaterThanOrEqual(12);
    expect(count).toBeLessThan(20);
  });

  test("a toppled peg is stood up and put in", async () => {
    for (const turn of [0, 70, 140]) {
      put({ tilt: 90, turn, dx: 0, dy: -0.1, dz: half - halfHeight });
      const judge = new Judge(task, world);
      judge.reset();
      let success = false;
      for (const targets of task.demonstrate({
        world,
        arm,
        instruction: world.instruction,
        style: bestStyle,
        random: random("toppled"),
      })) {
        await world.act(targets);
        if (judge.update()) {
          success = true;
          break;
        }
      }
      expect(success).toBe(true);
    }
  });

  test("the list of tasks has it", () => {
    expect(tasks).toContain(task);
  });
});
