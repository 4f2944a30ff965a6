import { expect, test } from "vitest";
import { Hand, type HandMove } from "./hand.ts";
import { createTaskWorld } from "./task-world.ts";
import { taskNamed } from "./tasks/index.ts";

const still: HandMove = { speed: [0, 0, 0, 0, 0] };

async function opened() {
  const world = await createTaskWorld(taskNamed("cube-in-bowl"), { cameras: [] });
  await world.reset({ seed: 3 });
  const hand = new Hand(world, "front", 4 / 3);
  hand.begin();
  const run = async (move: HandMove, seconds: number) => {
    const paths: number[][] = [];
    for (let i = 0; i < seconds * world.fps; i++) {
      const targets = hand.move(move);
      paths.push(targets);
      await world.act(targets);
    }
    return paths;
  };
  const position = () => [...world.physics.data.site_xpos.subarray(3 * site, 3 * site + 3)];
  const site = world.physics.id("site", "grasp");
  const close = () => {
    hand.close();
    return world.close();
  };
  return { world, hand, run, position, close };
}

test("a drag brings the hand to the pointer, over the table", async () => {
  const { hand, run, position, close } = await opened();
  await run({ speed: [0, 0, 1, 0, 0] }, 0.5);
  const drag = { id: 1, camera: "front", from: hand.inPicture(), to: [0.55, 0.5], lift: 0 } as const;
  hand.begin();
  const [, , height] = position();
  await run({ ...still, drag }, 2.5);
  const [x, y] = hand.inPicture();
  expect(x).toBeCloseTo(0.55, 1);
  expect(y).toBeCloseTo(0.5, 1);
  expect(Math.abs(position()[2]! - height!)).toBeLessThan(0.015);
  await close();
});

test("speeds move it by the picture's directions, and lift it", async () => {
  const { hand, run, position, close } = await opened();
  await run({ ...still, drag: { id: 1, camera: "front", from: hand.inPicture(), to: [0.5, 0.5], lift: 0 } }, 2.5);
  const before = { at: hand.inPicture(), height: position()[2]! };
  await run({ speed: [0, 0, 1, 0, 0] }, 2); // to the end of its reach
  const highest = position()[2]!;
  expect(highest).toBeGreaterThan(before.height + 0.005);
  await run({ speed: [0, 0, -1, 0, 0] }, 0.5);
  expect(position()[2]!).toBeLessThan(highest - 0.02); // and down again at once
  await run({ speed: [1, 0, 0, 0, 0] }, 0.5);
  const right = hand.inPicture();
  expect(right[0]).toBeGreaterThan(before.at[0] + 0.03);
  await close();
});

test("a goal far away is approached at a limited speed, and within the joints' limits", async () => {
  const { world, run, close } = await opened();
  const paths = await run({ ...still, drag: { id: 1, camera: "front", from: [0.5, 0.5], to: [2, 2], lift: 1 } }, 1);
  const steps = paths.slice(1).flatMap((targets, i) => targets.slice(0, 5).map((x, j) => Math.abs(x - paths[i]![j]!)));
  // 1.6 rad/s for 40 ms, in hundredths of the narrowest body joint's half range (1.658 rad).
  expect(Math.max(...steps)).toBeLessThan((100 * 1.6 * 0.04) / 1.658 + 0.01);
  for (const targets of paths)
    for (const [j, { range }] of world.joints.entries()) {
      expect(targets[j]).toBeGreaterThanOrEqual(range[0]);
      expect(targets[j]).toBeLessThanOrEqual(range[1]);
    }
  await close();
});

test("a point of the room is where the camera draws it", async () => {
  const { world, hand, close } = await opened();
  const cube = world.physics.pose("red cube").position;
  const [u, v] = hand.project(cube);
  const { data, width, height } = world.look({ name: "front", width: 400, height: 300 });
  const at = 3 * (Math.round(v * height) * width + Math.round(u * width));
  expect(data[at]!).toBeGreaterThan(2 * Math.max(data[at + 1]!, data[at + 2]!));
  await close();
});
