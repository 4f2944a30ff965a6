// Task: push the block of the named colour onto the marked target, square with it. Another block is a distractor.
//
// The blocks' sides and tops have no friction. Jaws can push and turn a block, but cannot lift it.
import { type Arm, centredOn, type Motion, opening } from "../arm.ts";
import { type Element, element } from "../mjcf.ts";
import type { Pose } from "../physics.ts";
import { type Footprint, type Placement, placeObjects, type Region, shoulderX } from "../placement.ts";
import type { Attempt, Task } from "../task.ts";
import { type Colour, colours, hover, isReleased, isStill, paints, putDown } from "./cubes.ts";
import { sameTurn, yawOf } from "./turns.ts";

/** Half the block's width and height, metres. It stands on a felt sole, set back out of the jaws' reach. */
const block = { half: 0.02, halfHeight: 0.018, sole: 0.002 };
/** Largest distance between block and target, metres, and largest turn between them, radians. */
const tolerance = { place: 0.016, turn: (15 * Math.PI) / 180 };

const blockOf = (colour: Colour) => `${colour} block`;

function slidingBlock(colour: Colour, i: number): Element {
  const { half, halfHeight, sole } = block;
  return element("body", { name: blockOf(colour), pos: stowed(i) }, [
    element("freejoint"),
    element("geom", {
      type: "box",
      size: [half, half, halfHeight - sole],
      pos: [0, 0, sole],
      mass: 0.2,
      rgba: paints[colour],
      condim: 1,
      priority: 2, // over the jaws' own friction
    }),
    element("geom", {
      type: "box",
      size: [half - 0.002, half - 0.002, sole],
      pos: [0, 0, sole - halfHeight],
      mass: 0.002,
      rgba: [0.2, 0.2, 0.2, 1],
      friction: [0.3, 0.005, 0.0001],
      priority: 2,
    }),
  ]);
}

/** The place of an unused block: on the floor under the table. */
function stowed(i: number): [number, number, number] {
  return [0.2, 0.1 * (i - 1), -0.75 + block.halfHeight];
}

const ink = [0.06, 0.06, 0.06, 1];
const paper = [0.95, 0.95, 0.95, 1];

/** Printed on the table: the block's outline, and a cross that shows the direction under the block. */
const target = element(
  "body",
  { name: "target", mocap: true, pos: [0.2, 0.1, 0] },
  [
    { half: [0.045, 0.003], top: 0.0004, rgba: ink },
    { half: [0.003, 0.045], top: 0.0004, rgba: ink },
    { half: [0.028, 0.028], top: 0.0008, rgba: ink },
    { half: [0.0225, 0.0225], top: 0.0012, rgba: paper },
  ].map(({ half, top, rgba }) =>
    element("geom", { type: "box", size: [...half, top], contype: 0, conaffinity: 0, rgba }),
  ),
);

const instructionOf = (colour: Colour) => `push the ${colour} block onto the marked target and align it`;
const colourOf = (instruction: string) => colours.find((colour) => instruction === instructionOf(colour))!;

/** A little less than the arm's reach: the jaws surround a block on all sides. */
const region: Region = { radius: [0.16, 0.25], angle: [-0.9, 0.9] };
/**
 * Least length of the way to the target, and least distance of the way from the other block and from the shoulder axis,
 * metres.
 */
const room = { least: 0.08, free: 0.075, fromShoulder: 0.14 };

/** The task "push-to-target". */
export const pushToTarget: Task = {
  name: "push-to-target",
  description: "push the block of the named colour onto the marked target and align it, past another one",
  scene: { objects: [target, ...colours.map(slidingBlock)] },
  instructions: colours.map(instructionOf),
  timeLimit: 20,
  difficulty: 0.1,
  objects: colours.map(blockOf),
  pushed: true,

  arrange(physics, random, difficulty, instruction) {
    const drawn = random.integer(colours.length);
    const pushed = instruction === undefined ? drawn : colours.indexOf(colourOf(instruction));
    const other = (pushed + 1 + random.integer(colours.length - 1)) % colours.length;
    const footprints: readonly Footprint[] = [
      { body: "target", radius: 0.047, home: { radius: 0.21, angle: 0.4 } },
      { body: blockOf(colours[pushed]!), radius: 0.0285, home: { radius: 0.21, angle: -0.15 } },
      { body: blockOf(colours[other]!), radius: 0.0285, home: { radius: 0.21, angle: -0.7 } },
    ];
    let places: readonly Placement[];
    do places = placeObjects(random, footprints, { region, spread: difficulty });
    while (!isClear(places));
    for (const [i, colour] of colours.entries())
      physics.place(blockOf(colour), { position: stowed(i), quaternion: [1, 0, 0, 0] });
    for (const place of places) putDown(physics, place, place.body === "target" ? 0 : block.halfHeight);
    return instructionOf(colours[pushed]!);
  },

  named: (instruction) => ({ object: blockOf(colourOf(instruction)), goal: "target" }),

  reached(physics, instruction) {
    const body = blockOf(colourOf(instruction));
    const at = physics.pose(body);
    const goal = physics.pose("target");
    const [, x, y] = at.quaternion;
    const flat = Math.abs(at.position[2] - block.halfHeight) < 0.002 && x ** 2 + y ** 2 < 0.001;
    const off = Math.hypot(at.position[0] - goal.position[0], at.position[1] - goal.position[1]);
    const turned = Math.abs(sameTurn(yawOf(at) - yawOf(goal), 4));
    if (!flat || off > tolerance.place || turned > tolerance.turn) return false;
    return isStill(physics, body) && isReleased(physics, body);
  },

  *demonstrate(attempt) {
    const { world, arm, instruction, style } = attempt;
    const body = blockOf(colourOf(instruction));
    for (let tries = 0; tries < style.tries && !pushToTarget.reached(world.physics, instruction); tries++) {
      arm.doing = `push the ${body}`;
      yield* push(attempt, body);
      arm.doing = "move away";
      yield* arm.rise(hover);
      yield* arm.wait(0.3);
    }
    yield* arm.wait(1);
  },
};

/** Whether the way from the block (second) to the target (first) is long enough, and free for the gripper. */
function isClear([to, from, other]: readonly Placement[]): boolean {
  return (
    Math.hypot(to!.x - from!.x, to!.y - from!.y) >= room.least &&
    distanceToWay(other!, from!, to!) >= room.free &&
    distanceToWay({ x: shoulderX, y: 0 }, from!, to!) >= room.fromShoulder
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function distanceToWay(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const share = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx ** 2 + dy ** 2);
  const at = Math.min(1, Math.max(0, share));
  return Math.hypot(point.x - from.x - at * dx, point.y - from.y - at * dy);
}

/** Opening of the jaws around a block, with a little play, and opening for coming down over it, metres. */
const around = 2 * block.half + 0.001;
const wide = 2 * block.half + 0.03;
/** Height of the gripper in a push, metres. The jaws' tips are 9 mm lower. */
const low = 0.024;
/** Pushes are slow. */
const pace = 0.4;

/**
 * One push. The open jaws come down over the block, unless they surround it, and close with some play. They turn until
 * one jaw is behind the block, push it to the target in a straight line, turn it square with the target, and open.
 */
function* push({ world, arm, style, random }: Attempt, body: string): Motion {
  const { physics } = world;
  const stray = (scale = 1) => scale * style.sloppiness * random.normal();
  const near = ({ position: [x, y] }: Pose): Point => ({ x: x + stray(), y: y + stray() });
  const goal = physics.pose("target");
  const to = near(goal);
  const from = near(physics.pose(body));
  const choices = closingYaws(from, yawOf(physics.pose(body)) + stray(20), to, yawOf(goal) + stray(20));
  const present = isAround(arm, physics.pose(body))
    ? choices.find(({ way }) => Math.abs(sameTurn(arm.yaw - way, 1)) < Math.PI / 3)
    : undefined;
  const yaws = present ?? choices[0]!;
  const over = (at: Point, yaw: number, width: number, z: number) => ({
    position: [...centredOn(at, yaw, width), z] as const,
    yaw,
  });
  if (!present) {
    yield* arm.clear();
    yield* arm.grip(opening(wide));
    yield* arm.reach(over(from, yaws.from, wide, 0.085));
    yield* arm.slide(over(from, yaws.from, wide, low));
  }
  yield* arm.grip(opening(around));
  // Closing has moved the block. A jaw must be straight behind it, or loses it sideways.
  const [x, y] = physics.pose(body).position;
  const way = yaws.way + sameTurn(Math.atan2(to.y - y, to.x - x) - yaws.way, 2);
  yield* arm.slide(over({ x, y }, way, around, low), pace);
  yield* arm.slide(over(to, way, around, low), pace);
  yield* arm.slide(over(to, yaws.to, around, low), pace);
  yield* arm.grip(opening(wide));
}

/** Whether the jaws are down and have the block between them. */
function isAround(arm: Arm, block: Pose): boolean {
  const [x, y, z] = arm.position;
  const [dx, dy] = [block.position[0] - x, block.position[1] - y];
  const [cos, sin] = [Math.cos(arm.yaw), Math.sin(arm.yaw)];
  return z < low + 0.012 && Math.abs(dx * cos + dy * sin) < 0.025 && Math.abs(dy * cos - dx * sin) < 0.008;
}

/**
 * Closing directions of the jaws: on the block, along the way, and at the target. Either jaw can be behind the block.
 * The wrist turns 150° to both sides of straight away from the arm: the first choice is always within reach.
 */
function closingYaws(from: Point, blockYaw: number, to: Point, goalYaw: number) {
  const heading = Math.atan2(to.y - from.y, to.x - from.x);
  const choices = [heading, heading + Math.PI].map((along) => {
    const outward = Math.atan2(from.y, from.x - shoulderX);
    const way = outward + sameTurn(along - outward, 1);
    const yaws = { from: way + sameTurn(blockYaw - way, 4), way, to: way + sameTurn(goalYaw - way, 4) };
    const turns = [yaws.from - outward, way - outward, yaws.to - Math.atan2(to.y, to.x - shoulderX)];
    return { yaws, most: Math.max(...turns.map(Math.abs)) };
  });
  return choices.sort((a, b) => a.most - b.most).map(({ yaws }) => yaws);
}
